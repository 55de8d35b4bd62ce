//! The keyring as a place of logins and secrets. Its behaviour is tested in the crate of the store.

use crate::support::Home;

const ORDERS: &str = "[profile.orders]\ntoken_endpoint = \"https://login.example.com/token\"\n\
                      grant = \"client_credentials\"\nclient_id = \"batch\"\nclient_secret = { keyring = \"orders\" }\n";

#[cfg(feature = "keyring")]
#[test]
fn the_status_names_the_entry_of_a_secret() {
    for (place, shown) in [
        ("orders", "auth-all/orders"),
        ("acme/orders", "acme/orders"),
    ] {
        let config = ORDERS.replace("\"orders\" }", &format!("\"{place}\" }}"));
        let home = Home::new(&config);
        let ran = home.run("status orders --store memory");
        assert!(ran.out.contains(&format!("keyring {shown}")), "{}", ran.out);
    }
    let home = Home::new(&ORDERS.replace("\"orders\" }", "\"/orders\" }"));
    let ran = home.run("list");
    assert!(
        ran.err.contains("is not `NAME` or `SERVICE/NAME`"),
        "{}",
        ran.err
    );
}

/// The environment of the tests has no session bus.
#[cfg(feature = "keyring")]
#[test]
fn without_a_desktop_the_message_helps() {
    let home = Home::new(&format!("{ORDERS}[store]\nkind = \"keyring\"\n"));
    let mut command = home.command(crate::support::PROGRAM);
    let nowhere = format!("unix:path={}", home.path().join("bus").display());
    command
        .args(["token", "orders"])
        .env("DBUS_SESSION_BUS_ADDRESS", nowhere);
    let ran = crate::support::ran(command.output());
    assert_eq!((ran.code, ran.out.as_str()), (74, ""), "{}", ran.err);
    assert!(ran.err.contains("no keyring was found"), "{}", ran.err);
}

#[cfg(not(feature = "keyring"))]
#[test]
fn a_build_without_keyring_says_so() {
    let ran = Home::new(ORDERS).run("list");
    assert_eq!((ran.code, ran.out.as_str()), (78, ""));
    assert!(
        ran.err.contains("it needs the feature `keyring`"),
        "{}",
        ran.err
    );
    let ran = Home::new("[store]\nkind = \"keyring\"\n").run("list");
    assert!(
        ran.err.contains("no store is named `keyring`"),
        "{}",
        ran.err
    );
}
