//! `provost completions` and `provost man`: both are made of the tree of commands, so that they cannot fall behind it.

use super::said::Said;
use super::tree;
use crate::config;
use anyhow::Context as _;
use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};
use std::io;
use std::path::PathBuf;

/// Print a script that completes commands, options and operations in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  provost completions bash > ~/.local/share/bash-completion/completions/provost
  provost completions zsh > \"${fpath[1]}/_provost\"
  provost completions fish > ~/.config/fish/completions/provost.fish
  provost completions elvish >> ~/.config/elvish/rc.elv
  provost completions powershell >> $PROFILE

A new shell has them. After an upgrade of provost, make them anew.")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Print the manual page, or write one for each command
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  provost man | man -l -
  provost man --dir ~/.local/share/man/man1 && man provost-plugin-call")]
pub(super) struct Manual {
    /// Write provost.1 and a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the script.
pub(super) fn completions(arguments: &Completions) -> Said {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut tree(), "provost", &mut script);
    Said::done().raw(&String::from_utf8_lossy(&script))
}

/// Prints or writes the pages.
pub(super) fn manual(arguments: &Manual) -> anyhow::Result<Said> {
    let pages = pages()?;
    let Some(dir) = &arguments.dir else {
        return Ok(pages.first().map_or_else(Said::done, |(_, page)| Said::done().raw(page)));
    };
    let mut said = Said::done();
    for (name, page) in pages {
        let file = dir.join(name);
        config::write_file(&file, page.as_bytes())
            .with_context(|| format!("{} cannot be written; --dir names the folder", file.display()))?;
        said = said.line(&file.display().to_string());
    }
    Ok(said)
}

/// File names and pages, the one of the program itself first.
fn pages() -> io::Result<Vec<(String, String)>> {
    let mut root = tree().disable_help_subcommand(true);
    root.build();
    let (mut commands, mut pages) = (vec![root], Vec::new());
    while let Some(command) = commands.pop() {
        commands.extend(command.get_subcommands().filter(|command| !command.is_hide_set()).cloned());
        pages.push((Man::new(command.clone()).get_filename(), page(command)?));
    }
    Ok(pages)
}

fn page(command: Command) -> io::Result<String> {
    let (has_subcommands, after) = (command.has_subcommands(), command.get_after_help().map(ToString::to_string));
    let version = concat!("provost ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).source(version).manual("Provost");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_subcommands {
        man.render_subcommands_section(&mut page)?;
    }
    sections(&after.unwrap_or_default()).to_writer(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// What stands below a command's help: each paragraph under a heading becomes a section as it stands, others a note.
fn sections(after: &str) -> Roff {
    let mut roff = Roff::default();
    let mut notes = false;
    for paragraph in after.split("\n\n") {
        match paragraph.split_once(":\n") {
            Some((heading, lines)) if lines.starts_with("  ") => {
                roff.control("SH", [heading.to_uppercase().as_str()]).control("nf", []);
                for line in lines.lines() {
                    roff.text([roman(line)]);
                }
                roff.control("fi", []);
                notes = false;
            }
            _ => {
                roff.control(if notes { "PP" } else { "SH" }, if notes { None } else { Some("NOTES") });
                roff.text([roman(paragraph)]);
                notes = true;
            }
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    /// The names of all commands below this one.
    fn names(command: &Command) -> Vec<String> {
        let below = command.get_subcommands();
        let below = below.filter(|command| command.get_name() != "help" && !command.is_hide_set());
        below.flat_map(|command| [vec![command.get_name().to_owned()], names(command)].concat()).collect()
    }

    #[test]
    fn every_shell_gets_every_command() {
        for shell in Shell::value_variants() {
            let script = completions(&Completions { shell: *shell }).data;
            for name in names(&tree()) {
                assert!(script.contains(&name), "{name} is not in the script for {shell}");
            }
        }
    }

    #[test]
    fn shells_that_complete_values_get_the_operations() {
        for shell in [Shell::Bash, Shell::Zsh] {
            let script = completions(&Completions { shell }).data;
            assert!(script.contains("refund") && script.contains("receive"), "no operations in the script for {shell}");
        }
    }

    #[test]
    fn every_command_has_a_page_with_its_examples_and_the_exit_codes() {
        let pages = pages().unwrap();
        assert_eq!(pages[0].0, "provost.1");
        assert_eq!(pages.len(), names(&tree()).len() + 1);
        for (name, page) in &pages {
            for section in ["NAME", "SYNOPSIS", "EXAMPLES", "EXIT STATUS"] {
                assert!(
                    page.contains(&format!(".SH {section}")) || page.contains(&format!(".SH \"{section}\"")),
                    "{section} is not in {name}:\n{page}"
                );
            }
        }
        assert!(pages.iter().any(|(name, _)| name == "provost-plugin-call.1"));
    }
}
