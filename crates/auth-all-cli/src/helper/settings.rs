//! `--print-config`: the lines that configure a program.

use crate::command::Context;
use crate::failure::{Failure, Result};

use super::Program;

/// The lines, with the first place of the profile's `api`.
pub(super) fn lines_of(
    program: Program,
    profile: Option<&String>,
    context: Option<&Context>,
) -> Result<String> {
    let path = std::env::current_exe()
        .map_err(|error| Failure::configuration(format!("the path of this program: {error}")))?;
    let me = path.display();
    let settings = context
        .zip(profile)
        .and_then(|(context, name)| context.config.profile(Some(name)).ok());
    let api = settings.and_then(|settings| settings.api().first());
    let api = api.map_or("https://HOST", |api| api.trim_end_matches('/'));
    let user = settings.map_or("USER", |settings| &settings.helper().user);
    let (_, host) = api.split_once("://").unwrap_or(("", api));
    let named = profile.map_or_else(String::new, |profile| format!(" {profile}"));
    let profile = profile.map_or("PROFILE", String::as_str);
    Ok(match program {
        Program::Git => format!(
            "# ~/.gitconfig; the empty line keeps other helpers from storing the token\n\
             [credential \"{api}\"]\n\thelper =\n\thelper = !{me} helper git{named}\n"
        ),
        Program::Docker => format!(
            "# ln -s {me} ~/bin/docker-credential-auth-all\n# ~/.docker/config.json\n\
             {{\"credHelpers\": {{\"{host}\": \"auth-all\"}}}}\n"
        ),
        Program::Kubectl => format!(
            "# kubeconfig\nusers:\n- name: {profile}\n  user:\n    exec:\n      \
             apiVersion: client.authentication.k8s.io/v1\n      command: {me}\n      \
             args: [helper, kubectl, {profile}]\n      interactiveMode: Never\n      provideClusterInfo: true\n      \
             installHint: auth-all is not installed\n"
        ),
        Program::Cargo => format!(
            "# ~/.cargo/config.toml\n[registries.NAME]\nindex = \"sparse+{api}/index/\"\n\
             credential-provider = [\"{me}\", \"{profile}\"]\n"
        ),
        Program::Bazel => format!(
            "# ln -s {me} ~/bin/auth-all-bazel\n# .bazelrc\ncommon --credential_helper={host}=auth-all-bazel\n"
        ),
        Program::Go => format!("export GOAUTH='{me} helper go {profile}'\n"),
        Program::Terraform => format!(
            "# ln -s {me} ~/.terraform.d/plugins/terraform-credentials-auth-all\n# ~/.terraformrc\n\
             credentials_helper \"auth-all\" {{\n  args = [\"{profile}\"]\n}}\n"
        ),
        Program::Pnpm => format!(
            "# ~/bin/auth-all-{profile}, with mode 755\n#!/bin/sh\nexec {me} helper pnpm {profile}\n\
             # ~/.npmrc\n//{host}/npm/:tokenHelper=/home/USER/bin/auth-all-{profile}\n"
        ),
        Program::Keyring => format!(
            "# ln -s {me} ~/auth-all-bin/keyring; only for these commands, since other programs have a `keyring`, too\n\
             PATH=~/auth-all-bin:$PATH pip install --keyring-provider subprocess --index-url {api}/simple/ NAME\n\
             PATH=~/auth-all-bin:$PATH uv pip install --keyring-provider subprocess --index-url \
             {scheme}{user}@{host}/simple/ NAME\n",
            scheme = api.trim_end_matches(host),
        ),
    })
}
