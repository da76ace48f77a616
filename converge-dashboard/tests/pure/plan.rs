//! Every case folder plans what it says.

use std::path::Path;

use converge_dashboard::ConvergeDashboard;

#[test]
fn every_case_plans_what_it_says() {
    let cases = cases::check::<ConvergeDashboard>(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"));
    println!("{cases} cases");
}
