//! The demonstration's people.

use linli_model::{Classification, RegionCode};
use linli_scope::{Actor, Role};

/// One of them.
pub struct Person {
    /// The log-in name.
    pub login: &'static str,
    /// The name.
    pub name: &'static str,
    /// What they are called.
    pub title: &'static str,
    /// What they may do.
    pub actor: Actor,
}

/// Everybody. `everywhere` are the regions at the top of the tree, `communities` the first two of the street, `resident`
/// the number of a record in the first.
pub fn everybody(everywhere: &[RegionCode], street: &RegionCode, communities: [&RegionCode; 2], resident: i64) -> Vec<Person> {
    let [first, second] = communities;
    let person = |login, name, title, role, regions: Vec<RegionCode>, clearance| Person {
        login,
        name,
        title,
        actor: Actor { id: 0, roles: vec![role], regions, clearance, resident: None, publisher: None },
    };
    let mut people = vec![
        person("admin", "陈管理", "平台管理员 platform admin", Role::Admin, everywhere.to_vec(), Classification::Sensitive),
        person("admin2", "吴复核", "第二位管理员 a second admin", Role::Admin, everywhere.to_vec(), Classification::Sensitive),
        person(
            "localadmin",
            "黄街道",
            "只管一个社区的管理员 delegated admin of one community",
            Role::Admin,
            vec![second.clone()],
            Classification::Personal,
        ),
        person("worker", "李网格", "社区工作者 community worker", Role::Worker, vec![first.clone()], Classification::Sensitive),
        person(
            "worker2",
            "周网格",
            "另一社区的工作者 worker of another community",
            Role::Worker,
            vec![second.clone()],
            Classification::Sensitive,
        ),
        person("officer", "王民政", "民政干部 department officer", Role::Officer, vec![street.clone()], Classification::Personal),
        person(
            "officer2",
            "刘民政",
            "只管一个社区的民政干部 department officer of one community",
            Role::Officer,
            vec![second.clone()],
            Classification::Personal,
        ),
        person("developer", "赵开发", "部门开发者 department developer", Role::Developer, Vec::new(), Classification::Public),
        person(
            "integrator",
            "郑集成",
            "社区插件的开发单位 integrator of the community's plugin",
            Role::Integrator,
            Vec::new(),
            Classification::Public,
        ),
        person("auditor", "孙审计", "审计员 auditor", Role::Auditor, vec![street.clone()], Classification::Internal),
        person("resident", "居民本人", "居民 resident", Role::Resident, Vec::new(), Classification::Sensitive),
    ];
    for person in &mut people {
        match person.login {
            "resident" => person.actor.resident = Some(resident),
            "officer" | "officer2" | "developer" => person.actor.publisher = Some("civil-affairs".to_owned()),
            "integrator" => person.actor.publisher = Some("community".to_owned()),
            _ => {}
        }
    }
    people
}
