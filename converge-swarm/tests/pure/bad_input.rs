//! Wrong configurations: each is refused with exit 2, one clear sentence and a hint, and touches nothing.
#![allow(clippy::needless_raw_string_hashes, reason = "a table reads better when its rows look alike")]

use converger_kit::configuration::{
    Wrong, assert_accepted, assert_missing_file_named, assert_no_configuration_refused, assert_refused,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_converge-swarm");

const RIGHT: &str = include_str!("../../example.json");

const WRONG: &[Wrong] = &[
    (
        r#""advertise_address": "127.0.0.1""#,
        r#""advertise_adress": "127.0.0.1""#,
        r#"unknown field `advertise_adress`"#,
    ),
    (r#""advertise_address": "127.0.0.1","#, r#""#, r#"missing field `advertise_address`"#),
    (r#""127.0.0.1""#, r#""localhost""#, r#"at advertise_address"#),
    (r#""127.0.0.1""#, r#""0.0.0.0""#, r#"advertise_address is 0.0.0.0, which no other machine could reach"#),
    (r#""127.0.0.1""#, r#""224.0.0.1""#, r#"which no other machine could reach"#),
    (r#""127.0.0.1""#, r#"7"#, r#"at advertise_address"#),
    (r#""10.20.0.0/16""#, r#""10.20.0.0""#, r#"at address_pools.pools[0]"#),
    (r#""10.20.0.0/16""#, r#""10.20.0.1/16""#, r#"host bits set"#),
    (r#"["10.20.0.0/16"]"#, r#"[]"#, r#"address_pools.pools is empty"#),
    (r#""subnet_size": 24"#, r#""subnet_size": 8"#, r#"address_pools.subnet_size is 8"#),
    (r#""subnet_size": 24"#, r#""subnet_size": 31"#, r#"address_pools.subnet_size is 31"#),
    (r#""subnet_size": 24"#, r#""subnet_size": 999"#, r#"at address_pools.subnet_size"#),
    (r#""task_history": 5"#, r#""task_history": -1"#, r#"at task_history"#),
    (r#""task_history": 5"#, r#""task_history": "5""#, r#"at task_history"#),
    (r#""proxy""#, r#""ingress""#, r#"networks.ingress is a name Docker keeps for itself"#),
    (r#""proxy""#, r#""pro xy""#, r#"networks.pro xy is no name for a network"#),
    (r#""proxy""#, r#""""#, r#"is no name for a network"#),
    (r#""10.10.0.0/16""#, r#""10.10.0.0/33""#, r#"at networks.proxy.subnet"#),
    (r#""10.10.0.0/16""#, r#""10.10.0.9/16""#, r#"write 10.10.0.0/16"#),
    (r#""10.10.0.0/16""#, r#""10.10.0.0/30""#, r#"a range Docker cannot run an overlay network in"#),
    (r#""10.10.0.0/16""#, r#""fd00::/64""#, r#"at networks.proxy.subnet"#),
    (r#""attachable": true"#, r#""attachable": "yes""#, r#"at networks.proxy.attachable"#),
    (r#""attachable": true"#, r#""atachable": true"#, r#"unknown field `atachable`"#),
    (
        r#""attachable": true }"#,
        r#""attachable": true }, "two": { "subnet": "10.10.4.0/24" }"#,
        r#"overlaps that of network proxy"#,
    ),
    (r#""run_seconds": 300"#, r#""run_seconds": 0"#, r#"limits.run_seconds is 0"#),
    (
        r#""wait_seconds": 120"#,
        r#""wait_seconds": 900"#,
        r#"limits.wait_seconds is 900, longer than the whole run may take (300)"#,
    ),
    (r#""call_seconds": 30"#, r#""call_second": 30"#, r#"unknown field `call_second`"#),
];

#[test]
fn every_wrong_configuration_is_refused_clearly_and_touches_nothing() {
    assert_refused(PROGRAM, RIGHT, WRONG, &[&["--check-config"], &[], &["--plan"]]);
}

#[test]
fn the_example_is_accepted() {
    assert_accepted(PROGRAM, RIGHT);
}

#[test]
fn a_text_that_is_no_configuration_is_refused() {
    assert_no_configuration_refused(PROGRAM);
    assert_missing_file_named(PROGRAM);
}
