//! `linli`: the host, and the commands of those who work with it.

#![deny(clippy::print_stdout, clippy::print_stderr, reason = "they panic where nobody reads; see `output`")]

mod client;
mod host;
mod output;
mod plugin;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use client::{account, audit, break_glass, grant, import, plugins};
use output::{note, say};

/// For SQLite too: both allocate much and from many threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 邻里 Linli — enter once, extract on demand.
#[derive(Parser)]
#[command(version, about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 启动服务 Serve a data directory.
    Serve(host::serve::Options),
    /// 演示：建好一个街道并启动服务 Make a demonstration community, then serve it.
    Demo(host::demo::Options),
    /// 登录 Log in; the password is read from standard input, or from LINLI_PASSWORD.
    Login(account::Login),
    /// 退出登录 Log out.
    Logout(Server),
    /// 修改密码 Take another password: the one before and the new one are two lines of standard input.
    Passwd(Server),
    /// 开发和安装插件 Write, build and install plugins.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// 授权 Review and decide scope requests.
    #[command(subcommand)]
    Grant(grant::Command),
    /// 应急访问 Emergencies: break the glass, end it, review it.
    #[command(subcommand)]
    BreakGlass(break_glass::Command),
    /// 发布单位 Publishers of plugins.
    #[command(subcommand)]
    Publisher(plugins::PublisherCommand),
    /// 账号 Accounts of a data directory, the first admin's among them.
    #[command(subcommand)]
    Account(host::account::Command),
    /// 批量录入 Enter the rows of a CSV file.
    Import(import::Options),
    /// Compiles a component for the host, from standard input to standard output, within bounds.
    #[command(hide = true)]
    Compile {
        /// Address space, bytes.
        #[arg(long)]
        memory: u64,
        /// Processor time, seconds.
        #[arg(long)]
        seconds: u64,
    },
    /// 区划 Regions, and what became of divisions.
    #[command(subcommand)]
    Regions(host::regions::Command),
    /// 审计 Export and verify the access log.
    #[command(subcommand)]
    Audit(audit::Command),
    /// 接口文档 Print the API's OpenAPI document, as a host serves it.
    Openapi,
}

#[derive(Subcommand)]
enum PluginCommand {
    /// 新建 Start a plugin from the template.
    New {
        /// Its name: a-z, 0-9 and -.
        name: String,
        /// Where to make its directory.
        #[arg(long, default_value = ".")]
        dir: PathBuf,
    },
    /// 编译打包 Build a plugin's package.
    Build {
        /// The plugin's directory.
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// Where to write the package; else dist/NAME.wasm.
        #[arg(long, short)]
        out: Option<PathBuf>,
    },
    /// 签名 Sign a package under its publisher's key.
    Sign {
        /// The package, a .wasm file.
        package: PathBuf,
        /// The private key, Ed25519 in PKCS#8 as PEM.
        #[arg(long)]
        key: PathBuf,
        /// Where to write the signature; else FILE.sig.
        #[arg(long, short)]
        out: Option<PathBuf>,
    },
    /// 安装 Upload a package for a publisher (admins).
    Install(plugins::Install),
    /// 列出 List the plugins that you may use.
    List(Server),
    /// 查看插件日志 Read a plugin's own log.
    Log(plugins::Log),
}

/// Which host a command talks to.
#[derive(Args, Clone, Debug)]
pub struct Server {
    /// The host's address.
    #[arg(long, env = "LINLI_URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            note!("错误 error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let done = match command {
        Command::Serve(options) => host::serve::run(&options),
        Command::Demo(options) => host::demo::run(&options),
        Command::Login(login) => account::log_in(&login),
        Command::Logout(server) => account::log_out(&server),
        Command::Passwd(server) => account::change_password(&server),
        Command::Plugin(PluginCommand::New { name, dir }) => plugin::new::create(&name, &dir).map(|_| ()),
        Command::Plugin(PluginCommand::Build { dir, out }) => plugin::build::build(&dir, out.as_deref()).map(|_| ()),
        Command::Plugin(PluginCommand::Sign { package, key, out }) => plugin::sign::sign(&package, &key, out.as_deref()).map(|_| ()),
        Command::Plugin(PluginCommand::Install(install)) => plugins::install(&install),
        Command::Plugin(PluginCommand::List(server)) => plugins::list(&server),
        Command::Plugin(PluginCommand::Log(log)) => plugins::log(&log),
        Command::Grant(command) => grant::run(&command),
        Command::BreakGlass(command) => break_glass::run(&command),
        Command::Publisher(command) => plugins::publisher(&command),
        Command::Account(command) => host::account::run(&command),
        Command::Regions(command) => host::regions::run(&command),
        Command::Import(options) => return import::run(&options),
        Command::Compile { memory, seconds } => linli_artefact::child::run(memory, seconds).map_err(Into::into),
        Command::Audit(command) => return audit::run(&command),
        Command::Openapi => print_document(),
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn print_document() -> Result<()> {
    say!("{}", linli_web::openapi()?)?;
    Ok(())
}
