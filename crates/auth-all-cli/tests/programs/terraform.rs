//! terraform with a registry of modules, where terraform is on the machine: no registry of packages has it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::installed::program_if_any;
use crate::stage::Stage;

/// terraform in a folder with a module of the registry, with the link and the lines of `--print-config`.
fn configured(stage: &Stage, profile: &str) -> Option<PathBuf> {
    let terraform = program_if_any("terraform", "terraform init and terraform logout")?;
    let link = stage.link("terraform-credentials-auth-all");
    let plugins = stage.path().join(".terraform.d/plugins");
    fs::create_dir_all(&plugins).unwrap();
    fs::rename(link, plugins.join("terraform-credentials-auth-all")).unwrap();
    let modules = format!("https://{}/terraform/", stage.secure_host());
    let host =
        format!("host \"tf.test\" {{\n  services = {{ \"modules.v1\" = \"{modules}\" }}\n}}\n");
    stage.write("terraformrc", &(stage.lines("terraform", profile) + &host));
    stage.write(
        "here/main.tf",
        "module \"m\" {\n  source = \"tf.test/one/two/three\"\n}\n",
    );
    Some(terraform)
}

fn run(stage: &Stage, terraform: &PathBuf, words: &str) -> Command {
    let mut command = stage.command(terraform);
    command
        .args(words.split(' '))
        .env("TF_CLI_CONFIG_FILE", stage.path().join("terraformrc"))
        .env("SSL_CERT_FILE", stage.certificate())
        .env("CHECKPOINT_DISABLE", "1")
        .current_dir(stage.path().join("here"));
    command
}

#[test]
fn terraform_reads_modules_and_cannot_log_out() {
    let stage = Stage::new();
    let Some(terraform) = configured(&stage, "orders") else {
        return;
    };
    stage.succeeds(&mut run(&stage, &terraform, "init -no-color"));
    stage.assert_authorized(&format!("bearer {}", stage.token()));
    let shown = stage.fails(&mut run(&stage, &terraform, "logout tf.test"));
    assert!(shown.contains("auth-all logout orders"), "{shown}");
}

/// terraform hides what the helper prints for `get`; the log file has it.
#[test]
fn terraform_leaves_the_reason_to_the_log_file() {
    let stage = Stage::logged_out();
    let Some(terraform) = configured(&stage, "assets") else {
        return;
    };
    let log = stage.path().join("log");
    let mut init = run(&stage, &terraform, "init -no-color");
    stage.fails(init.env("AUTH_ALL_LOG_FILE", &log));
    let text = fs::read_to_string(log).unwrap();
    assert!(text.contains("helper terraform: assets: "), "{text}");
}
