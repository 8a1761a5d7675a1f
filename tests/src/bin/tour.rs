//! `make tour`: drives a running demonstration over HTTP and the CLI only, as its users would, prints what it does
//! and what came back, and fails if anything is not as told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

const ALLOWANCE: &str = "civil-affairs.elder-allowance";
const CERTIFICATE: &str = "community.residence-certificate";

fn main() -> ExitCode {
    match Tour::new().and_then(|mut tour| tour.run()) {
        Ok(()) => {
            println!("\n✓ 全部如所述 Everything was as told.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\n✗ 与所述不符 Not as told: {error:#}");
            ExitCode::FAILURE
        }
    }
}

struct Tour {
    base: String,
    data: PathBuf,
    linli: PathBuf,
    home: PathBuf,
    step: u32,
}

/// Somebody at a keyboard.
struct Person<'a> {
    tour: &'a Tour,
    name: &'static str,
    token: String,
}

impl Tour {
    fn new() -> Result<Self> {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = env("HOME").context("HOME is not set")?;
        let target = env("LINLI_TARGET_DIR").unwrap_or_else(|| format!("{home}/.cache/linli/target"));
        let listen = env("LINLI_LISTEN").unwrap_or_else(|| "127.0.0.1:8080".into());
        let scratch = std::env::temp_dir().join(format!("linli-tour-{}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        Ok(Self {
            base: env("LINLI_URL").unwrap_or_else(|| format!("http://{listen}")),
            data: env("LINLI_DATA").unwrap_or_else(|| format!("{home}/.cache/linli/demo")).into(),
            linli: Path::new(&target).join("release/linli"),
            home: scratch,
            step: 0,
        })
    }

    fn say(&mut self, what: &str) {
        self.step += 1;
        println!("\n{}. {what}", self.step);
    }

    fn run(&mut self) -> Result<()> {
        let ended = self.steps();
        // Whatever happened, the demonstration's allowance is in force again.
        let restored = self.restore();
        let _ = fs::remove_dir_all(&self.home);
        ended.and(restored)
    }

    fn steps(&mut self) -> Result<()> {
        let id_number = fresh_id_number()?;
        let resident = self.enter_once(&id_number)?;
        self.allowance_page(&id_number)?;
        let certificate = self.certificate(&id_number)?;
        self.tokens(&id_number, &resident, &certificate)?;
        self.denied_field()?;
        self.narrow_and_revoke()?;
        self.own_log()?;
        self.audit()
    }

    fn enter_once(&mut self, id_number: &str) -> Result<String> {
        self.say("社区录入一次 A worker enters one resident, once.");
        let worker = self.person("worker")?;
        let home = worker.get("/session")?.pointer("/regions/0").and_then(Value::as_str).context("the worker has no region")?.to_owned();
        let grid = worker
            .get(&format!("/regions?parent={home}"))?
            .pointer("/regions/0/code")
            .and_then(Value::as_str)
            .context("no grid cell")?
            .to_owned();
        let record = json!({"name": name_of(id_number), "id_number": id_number, "sex": "2", "birth_date": "1930-01-01", "grid": grid, "status": "living"});
        let (status, made) = worker.post("/records/resident", &record)?;
        ensure!(status == 201, "entering answers {status}: {made}");
        let id = text(&made, "id")?;
        println!("   201, id {id}");

        self.say("同一身份证号再录一次被拒，并指向已有记录 The same ID number again is refused, with a pointer to the record.");
        let worker = self.person("worker")?;
        let (status, problem) = worker.post("/records/resident", &record)?;
        println!("   {status} {}: {}", text(&problem, "code")?, text(&problem, "detail")?);
        ensure!(status == 409 && text(&problem, "record")?.ends_with(&id), "no pointer to the record: {problem}");
        Ok(id)
    }

    fn allowance_page(&mut self, id_number: &str) -> Result<()> {
        self.say("高龄津贴只见姓名、年龄、网格和脱敏号码，只见本社区 The allowance page shows only name, age, grid and masked ID, of the actor's communities only.");
        let worker = self.person("worker")?;
        let home = worker.get("/session")?.pointer("/regions/0").and_then(Value::as_str).unwrap_or_default().to_owned();
        let page = worker.page(ALLOWANCE, "/eligible")?;
        let rows = rows(&page)?;
        ensure!(!rows.is_empty(), "the page is empty");
        for row in &rows {
            let mut keys: Vec<_> = row.as_object().context("a row is no object")?.keys().map(String::as_str).collect();
            keys.sort_unstable();
            ensure!(keys == ["age", "grid", "id", "id_number", "name"], "a row shows {keys:?}");
            ensure!(text(row, "grid")?.starts_with(&home), "a row of another community");
            ensure!(text(row, "id_number")?.matches('*').count() == 16, "an ID number is not masked");
        }
        ensure!(!page.to_string().contains(id_number), "the page holds a whole ID number");
        println!("   {} rows, the first: {}", rows.len(), rows.first().unwrap_or(&Value::Null));
        let other = self.person("worker2")?.page(ALLOWANCE, "/eligible")?;
        ensure!(
            self::rows(&other)?.iter().all(|row| !text(row, "grid").unwrap_or_default().starts_with(&home)),
            "the other worker sees this community"
        );
        println!("   another community's worker sees none of them");
        Ok(())
    }

    fn certificate(&mut self, id_number: &str) -> Result<Value> {
        self.say("居住证明不看任何字段，只问“是否” The certificate plugin certifies without seeing a field.");
        let worker = self.person("worker")?;
        let (status, problem) =
            worker.act(CERTIFICATE, "issue", &json!({"resident": {"id_number": id_number}, "kind": "no-criminal-record"}))?;
        println!("   a banned kind: {status} {}", problem.get("detail").or(problem.get("message")).unwrap_or(&problem));
        let (status, issued) = worker.act(CERTIFICATE, "issue", &json!({"resident": {"id_number": id_number}, "kind": "residence"}))?;
        ensure!(status == 200, "issuing answers {status}: {issued}");
        println!("   issued: {}", issued.get("message").unwrap_or(&issued));
        let list = rows(&worker.page(CERTIFICATE, "/certificates")?)?;
        let certificate = list
            .iter()
            .find(|row| issued.to_string().contains(row.get("number").and_then(Value::as_str).unwrap_or("?")))
            .context("the certificate is not in the list")?
            .clone();
        let number = text(&certificate, "number")?;
        let anyone = self.request("GET", &format!("/plugins/{CERTIFICATE}/pages/verify?number={number}"), None, None)?;
        ensure!(anyone.0 == 200 && anyone.1.to_string().contains(&number), "anyone can't verify it: {}", anyone.1);
        println!("   anyone verifies {number} without a log-in");
        let entries = self.person("auditor")?.newest_entries()?;
        let issue = entries
            .iter()
            .rev()
            .find(|entry| entry.to_string().contains("action issue") && entry.to_string().contains("create"))
            .context("issuing is not in the log")?;
        let accesses = issue.get("accesses").and_then(Value::as_array).context("no accesses")?;
        let is = |access: &Value, member: &str, word: &str| access.get(member).and_then(Value::as_str) == Some(word);
        let mut of_resident = accesses.iter().filter(|access| is(access, "entity", "resident")).peekable();
        ensure!(
            of_resident.peek().is_some() && of_resident.all(|access| is(access, "operation", "check")),
            "the plugin saw a field: {issue}"
        );
        println!("   the log: {issue}");
        Ok(certificate)
    }

    fn tokens(&mut self, id_number: &str, entered: &str, certificate: &Value) -> Result<()> {
        let name = name_of(id_number);
        self.say(
            "同一人，两个插件两种标识 The two plugins see different tokens for the same person, and one's means nothing to the other.",
        );
        let worker = self.person("worker")?;
        let mut after = String::new();
        let (allowance, theirs) = loop {
            let page = worker.page(ALLOWANCE, &format!("/eligible{after}"))?;
            if let Some(row) = rows(&page)?.iter().find(|row| row.get("name").and_then(Value::as_str) == Some(name.as_str())) {
                break (text(row, "id")?, text(certificate, "resident")?);
            }
            let next = page.pointer("/blocks/0/next/params/after").and_then(Value::as_str).context("she is not on the allowance page")?;
            after = format!("?after={next}");
        };
        println!("   console {entered}\n   allowance {allowance}\n   certificate {theirs}");
        ensure!(allowance != theirs && allowance != entered && theirs != entered, "two of them are alike");
        let (status, problem) = worker.act(CERTIFICATE, "issue", &json!({"resident": allowance, "kind": "residence"}))?;
        println!(
            "   the allowance's token at the certificate plugin: {status} {}",
            problem.get("detail").or(problem.get("message")).unwrap_or(&problem)
        );
        let unknown = problem.pointer("/message/en").and_then(Value::as_str).is_some_and(|message| message.contains("no such resident"));
        ensure!(status == 404 || unknown, "a foreign token means something: {problem}");
        Ok(())
    }

    fn denied_field(&mut self) -> Result<()> {
        self.say("授权之外的字段被拒，并说明是哪一个 A query for a field outside the grant is denied with a message that names it.");
        let name = "tour-probe";
        self.cli("admin", &["plugin", "new", name, "--dir", self.home.to_str().unwrap_or_default()])?;
        let dir = self.home.join(name);
        self.cli("admin", &["plugin", "build", dir.to_str().unwrap_or_default()])?;
        let package = dir.join(format!("dist/{name}.wasm"));
        let said = self.cli("developer", &["plugin", "install", package.to_str().unwrap_or_default(), "--publisher", "civil-affairs"])?;
        let grant = self.grant_of(&format!("my-department.{name}"), &["requested", "active"]).context(said)?;
        self.cli("admin", &["grant", "narrow", &grant, "--drop-field", "resident.age"])?;
        self.cli("admin", &["grant", "approve", &grant])?;
        let (status, problem) = self.person("worker")?.send("GET", &format!("/plugins/my-department.{name}/pages/"), None)?;
        println!("   {status} {}", text(&problem, "detail")?);
        ensure!(status == 403 && text(&problem, "detail")?.contains("`age`"), "the denial does not name the field: {problem}");
        self.cli("admin", &["grant", "revoke", &grant, "--reason", "tour"])?;
        Ok(())
    }

    fn narrow_and_revoke(&mut self) -> Result<()> {
        self.say("管理员把授权收窄到一个社区，名单随之变短 The admin narrows the grant to one community and the page shrinks.");
        let grant = self.grant_of(ALLOWANCE, &["active"])?;
        let officer = self.person("officer")?;
        let communities = |page: &Value| -> Result<usize> {
            let mut seen: Vec<_> = rows(page)?
                .iter()
                .filter_map(|row| row.get("grid").and_then(Value::as_str).and_then(|grid| grid.get(..12)).map(ToOwned::to_owned))
                .collect();
            seen.sort();
            seen.dedup();
            Ok(seen.len())
        };
        let before = communities(&officer.page(ALLOWANCE, "/eligible")?)?;
        let one = self.person("worker2")?.get("/session")?.pointer("/regions/0").and_then(Value::as_str).context("no region")?.to_owned();
        self.cli("admin", &["grant", "narrow", &grant, "--region", &one])?;
        let officer = self.person("officer")?;
        let after = officer.page(ALLOWANCE, "/eligible")?;
        println!("   the officer's first page: {before} communities before, {} after", communities(&after)?);
        ensure!(before > 1 && communities(&after)? == 1, "the page did not shrink");

        self.say("撤销之后，下一次调用即被拒 Revoked, the next call is denied.");
        self.cli("admin", &["grant", "revoke", &grant, "--reason", "tour"])?;
        let worker = self.person("worker")?;
        let (status, problem) = worker.send("GET", &format!("/plugins/{ALLOWANCE}/pages/eligible"), None)?;
        println!("   {status} {}: {}", text(&problem, "code")?, text(&problem, "detail")?);
        ensure!(status == 403 && text(&problem, "code")? == "grant-revoked", "the call is not denied: {problem}");
        Ok(())
    }

    fn own_log(&mut self) -> Result<()> {
        self.say("居民查看谁、为什么、看了哪些字段，包括被拒的 The resident reads who accessed what, which fields, why, denials included.");
        self.restore()?;
        let officer = self.person("officer")?;
        let first = self.person("worker")?.page(ALLOWANCE, "/eligible")?;
        let me = self.person("resident")?.get("/me/record")?;
        let name = me.pointer("/record/name").and_then(Value::as_str).context("no record of their own")?.to_owned();
        let mine = rows(&first)?.into_iter().find(|row| row.get("name").and_then(Value::as_str) == Some(name.as_str()));
        let token = text(&mine.context("the resident is not on the page")?, "id")?;
        let grant = self.grant_of(ALLOWANCE, &["active"])?;
        self.cli("admin", &["grant", "revoke", &grant, "--reason", "tour"])?;
        let (status, _) = officer.act(ALLOWANCE, "decide", &json!({"resident": token, "outcome": "approved", "reason": "核定"}))?;
        ensure!(status == 403, "deciding without a grant answers {status}");
        let log = self.person("resident")?.get("/me/access-log")?;
        let entries = log.get("entries").and_then(Value::as_array).context("no entries")?;
        let read = entries
            .iter()
            .find(|entry| {
                entry.get("application").and_then(Value::as_str) == Some(ALLOWANCE)
                    && entry.get("outcome").and_then(Value::as_str) == Some("allowed")
            })
            .context("the page is not in the resident's log")?;
        println!(
            "   {} {} for {}: {}",
            text(read, "at")?,
            text(read, "who")?,
            text(read, "legal_basis")?,
            read.pointer("/accesses/0/fields").unwrap_or(&Value::Null)
        );
        let denied = entries
            .iter()
            .find(|entry| entry.get("outcome").and_then(Value::as_str) == Some("denied"))
            .context("the denial is not in the resident's log")?;
        println!("   {} {} denied: {}", text(denied, "at")?, text(denied, "who")?, text(denied, "reason")?);
        self.restore()
    }

    fn audit(&mut self) -> Result<()> {
        self.say("审计：日志完好；改动一个字节即被指出 linli audit verify passes; one byte changed in a copy is found and named.");
        let data = self.data.to_str().unwrap_or_default().to_owned();
        // What was written a moment ago is signed within a second.
        std::thread::sleep(std::time::Duration::from_millis(1_500));
        println!("   {}", self.cli("auditor", &["audit", "verify", "--data", &data])?.lines().next().unwrap_or_default());
        let copy = self.home.join("log.jsonl");
        let path = copy.to_str().unwrap_or_default().to_owned();
        self.cli("auditor", &["audit", "export", &path])?;
        self.cli("auditor", &["audit", "verify", &path])?;
        let kept = fs::read_to_string(&copy)?;
        let lines: Vec<&str> = kept.lines().collect();
        let target = lines.len() / 2;
        let line = lines.get(target).context("the log is short")?;
        let sequence = serde_json::from_str::<Value>(line)?.pointer("/entry/sequence").and_then(Value::as_u64).context("no entry")?;
        let changed = line.replacen("user:", "usor:", 1);
        ensure!(changed != *line, "nothing to change in {line}");
        fs::write(&copy, kept.replacen(line, &changed, 1))?;
        let output = self.command("auditor", &["audit", "verify", &path])?.output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("   {}", said.trim());
        ensure!(!output.status.success() && said.contains(&sequence.to_string()), "entry {sequence} is not named");
        Ok(())
    }

    /// The allowance as the demonstration has it: its package installed, its whole request approved.
    fn restore(&self) -> Result<()> {
        for grant in self.grants(ALLOWANCE, &["active", "requested"])? {
            self.cli("admin", &["grant", "revoke", &grant, "--reason", "tour"])?;
        }
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/elder-allowance/dist/elder-allowance.wasm");
        self.cli("developer", &["plugin", "install", package.to_str().unwrap_or_default(), "--publisher", "civil-affairs"])?;
        let grant = self.grant_of(ALLOWANCE, &["requested"])?;
        self.cli("admin", &["grant", "approve", &grant]).map(|_| ())
    }

    fn grant_of(&self, plugin: &str, states: &[&str]) -> Result<String> {
        self.grants(plugin, states)?.into_iter().next().with_context(|| format!("{plugin} has no grant that is {}", states.join(" or ")))
    }

    fn grants(&self, plugin: &str, states: &[&str]) -> Result<Vec<String>> {
        let listed = self.person("admin")?.get("/grants")?;
        let all = listed.get("grants").and_then(Value::as_array).context("no grants")?;
        let mine = all.iter().filter(|grant| {
            grant.get("plugin").and_then(Value::as_str) == Some(plugin)
                && grant.get("state").and_then(Value::as_str).is_some_and(|state| states.contains(&state))
        });
        Ok(mine.filter_map(|grant| grant.get("id").map(ToString::to_string)).collect())
    }

    fn person(&self, name: &'static str) -> Result<Person<'_>> {
        let file = self.data.join("demo-logins.json");
        let logins: Value = serde_json::from_str(
            &fs::read_to_string(&file).with_context(|| format!("{} can't be read: is `make demo` running?", file.display()))?,
        )?;
        let password = logins.pointer(&format!("/{name}/password")).and_then(Value::as_str).context("no such log-in")?;
        let (status, session) = self.request("POST", "/session", None, Some(&json!({"username": name, "password": password})))?;
        ensure!(status == 201, "{name} can't log in: {session}");
        Ok(Person { tour: self, name, token: text(&session, "token")? })
    }

    fn command(&self, who: &'static str, arguments: &[&str]) -> Result<Command> {
        let token = self.person(who)?.token;
        let mut command = Command::new(&self.linli);
        command.args(arguments).env("LINLI_URL", &self.base).env("LINLI_TOKEN", token).stdin(Stdio::null());
        Ok(command)
    }

    /// Runs a command of the CLI; one that fails is not as told.
    fn cli(&self, who: &'static str, arguments: &[&str]) -> Result<String> {
        println!("   $ linli {}", arguments.join(" "));
        let output = self.command(who, arguments)?.output().context("linli can't be run")?;
        if !output.status.success() {
            bail!("linli {}: {}{}", arguments.join(" "), String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn request(&self, method: &str, path: &str, token: Option<&str>, body: Option<&Value>) -> Result<(u16, Value)> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}/api/v1{path}", self.base));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.header("content-type", "application/json").body(body.map(ToString::to_string).unwrap_or_default())?;
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut response = agent.run(request).with_context(|| format!("no host answers at {}: is `make demo` running?", self.base))?;
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string()?;
        Ok((response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
    }
}

impl Person<'_> {
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        self.tour.request(method, path, Some(&self.token), body)
    }

    fn get(&self, path: &str) -> Result<Value> {
        let (status, answer) = self.send("GET", path, None)?;
        ensure!(status == 200, "{} GET {path} answers {status}: {answer}", self.name);
        Ok(answer)
    }

    fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.send("POST", path, Some(body))
    }

    fn page(&self, plugin: &str, path: &str) -> Result<Value> {
        self.get(&format!("/plugins/{plugin}/pages{path}"))
    }

    fn act(&self, plugin: &str, action: &str, input: &Value) -> Result<(u16, Value)> {
        self.post(&format!("/plugins/{plugin}/actions/{action}"), input)
    }

    fn newest_entries(&self) -> Result<Vec<Value>> {
        let size = self.get("/health")?.get("log_entries").and_then(Value::as_u64).unwrap_or(0);
        let page = self.get(&format!("/audit/entries?after={}&limit=100", size.saturating_sub(100)))?;
        let entries = page.get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(entries.into_iter().filter_map(|entry| entry.get("entry").cloned()).collect())
    }
}

/// The rows of a view's first table.
fn rows(view: &Value) -> Result<Vec<Value>> {
    let blocks = view.get("blocks").and_then(Value::as_array).context("the view has no blocks")?;
    let table = blocks.iter().find(|block| block.get("rows").is_some()).context("the view has no table")?;
    Ok(table.get("rows").and_then(Value::as_array).cloned().unwrap_or_default())
}

fn text(value: &Value, member: &str) -> Result<String> {
    value.get(member).and_then(Value::as_str).map(ToOwned::to_owned).with_context(|| format!("no `{member}` in {value}"))
}

/// A name that no other run gives.
fn name_of(id_number: &str) -> String {
    const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
    let varying = id_number.chars().skip(4).take(2).chain(id_number.chars().skip(14).take(3));
    let digits = varying.filter_map(|digit| DIGITS.get(digit.to_digit(10)? as usize));
    format!("钱{}", digits.collect::<String>())
}

/// A valid ID number of a woman born on 1930-01-01, another one on each run.
fn fresh_id_number() -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    // Six digits of region and the even sequence both vary, so that runs do not meet.
    let region = 440_100 + now / 500 % 99;
    let sequence = now % 500 * 2;
    let body = format!("{region}19300101{sequence:03}");
    let check = linli_model::id_number::check_character(&body);
    Ok(format!("{body}{check}"))
}
