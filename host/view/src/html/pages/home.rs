//! The first page after log-in: what this person can do.

use maud::{Markup, html};

use crate::html::layout::{self, Flash, Frame, Viewer};
use crate::html::{bilingual, label};
use crate::route;
use crate::text::Text;

static TITLE: Text<'static> = Text::both("首页", "Home");

/// Built-in tasks by role, and the plugins' pages.
#[derive(Debug, Clone)]
pub struct HomePage<'a> {
    /// Who looks at it.
    pub viewer: &'a Viewer<'a>,
    /// Plugins with pages that this person may use.
    pub plugins: &'a [PluginMenu<'a>],
    /// A message over the page.
    pub flash: Option<Flash<'a>>,
}

/// A plugin and its pages.
#[derive(Debug, Clone)]
pub struct PluginMenu<'a> {
    /// The plugin's id.
    pub id: &'a str,
    /// Its name.
    pub name: Text<'a>,
    /// What it is for.
    pub description: Option<Text<'a>>,
    /// Its pages, in the manifest's order.
    pub pages: Vec<MenuEntry<'a>>,
}

/// A page in the menu.
#[derive(Debug, Clone)]
pub struct MenuEntry<'a> {
    /// Path within the plugin.
    pub path: &'a str,
    /// Its title.
    pub title: Text<'a>,
    /// Whether it gives nothing until somebody breaks the glass.
    pub is_emergency: bool,
}

impl HomePage<'_> {
    /// The whole page.
    pub fn render(&self) -> String {
        let tasks = layout::task_cards(self.viewer);
        let body = html! {
            h1 { "您好，" (self.viewer.name) " " span.en lang="en" { "Welcome" } }
            @if !tasks.0.is_empty() {
                section aria-labelledby="tasks" {
                    h2 #tasks { (label("常用任务", "Tasks")) }
                    ul.cards { (tasks) }
                }
            }
            section aria-labelledby="plugins" {
                h2 #plugins { (label("部门应用", "Department applications")) }
                @if self.plugins.is_empty() { p.empty { (label("没有可用的应用", "No applications available")) } }
                @else { ul.cards { @for plugin in self.plugins { li { (card(plugin)) } } } }
            }
        };
        let frame = Frame { viewer: Some(self.viewer), path: route::HOME, flash: self.flash.clone() };
        layout::page(&frame, &TITLE, &body)
    }
}

fn card(plugin: &PluginMenu<'_>) -> Markup {
    html! {
        div.card {
            h3 { (bilingual(&plugin.name)) }
            @if let Some(description) = &plugin.description { p.hint { (bilingual(description)) } }
            ul.menu {
                @for page in &plugin.pages {
                    li { a href=(route::page(plugin.id, page.path, NO_PARAMS)) {
                        (bilingual(&page.title))
                        @if page.is_emergency { " " span.badge.wait { (label("应急", "emergency")) } }
                    } }
                }
            }
        }
    }
}

const NO_PARAMS: [(&str, &str); 0] = [];
