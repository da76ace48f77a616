//! For generated states: applying a plan to a model and planning again leaves nothing to change.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use base::limits::Limits;
use base::plan::Plan;
use converge_swarm::desired::{AddressPools, Desired, Network};
use converge_swarm::observed::{self, Attached, Availability, Cluster, Node, NodeState, Observed, Taken};
use converge_swarm::{Change, plan};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

fn network() -> impl Strategy<Value = Network> {
    (option::of(0..4_u8), any::<bool>()).prop_map(|(subnet, attachable)| Network {
        subnet: subnet.map(|third| format!("10.{third}.0.0/16").parse().unwrap()),
        attachable,
    })
}

fn desired() -> impl Strategy<Value = Desired> {
    let pools = option::of(Just(AddressPools { pools: vec!["10.20.0.0/16".parse().unwrap()], subnet_size: 24 }));
    (pools, option::of(0..9_u32), btree_map("[a-c]", network(), 0..3)).prop_map(
        |(address_pools, task_history, networks)| Desired {
            advertise_address: "10.99.0.1".parse().unwrap(),
            address_pools,
            task_history,
            networks,
            limits: Limits::default(),
        },
    )
}

fn there() -> impl Strategy<Value = observed::Network> {
    let driver = prop_oneof![4 => Just("overlay"), 2 => Just("bridge"), 1 => Just("")];
    let attached = vec("[a-z]{3}", 0..2);
    (driver, any::<bool>(), prop::bool::weighted(0.2), option::of(0..4_u8), attached).prop_map(
        |(driver, attachable, internal, subnet, attached)| observed::Network {
            id: String::new(),
            driver: driver.into(),
            scope: if driver == "bridge" { "local" } else { "swarm" }.into(),
            attachable,
            internal,
            subnets: subnet
                .filter(|_| !driver.is_empty())
                .map(|third| format!("10.{third}.0.0/16"))
                .into_iter()
                .collect(),
            addresses_taken: 0,
            attached: Some(attached.into_iter().map(Attached::Service).collect()),
        },
    )
}

/// Networks of other names.
fn taken() -> impl Strategy<Value = Vec<Taken>> {
    vec(
        (0..16_u8)
            .prop_map(|third| Taken { network: "x".into(), subnet: format!("10.{third}.4.0/24").parse().unwrap() }),
        0..2,
    )
}

fn state() -> impl Strategy<Value = NodeState> {
    prop_oneof![
        3 => Just(NodeState::Inactive),
        6 => Just(NodeState::Active),
        1 => Just(NodeState::Pending),
        1 => Just(NodeState::Locked),
        1 => Just(NodeState::Error),
    ]
}

fn availability() -> impl Strategy<Value = Availability> {
    prop_oneof![Just(Availability::Active), Just(Availability::Pause), Just(Availability::Drain)]
}

fn observed() -> impl Strategy<Value = Observed> {
    let networks = btree_map("[a-c]", vec(there(), 0..3), 0..3);
    let swarm = (any::<bool>(), 0..9_i64, option::of(any::<bool>()), option::of(availability()));
    (prop::bool::weighted(0.1), state(), swarm, networks, taken()).prop_map(
        |(live_restore, state, (manager, history, ingress, availability), mut networks, taken)| {
            for (index, network) in networks.values_mut().flatten().enumerate() {
                network.id = format!("id{index}");
            }
            let active = state == NodeState::Active;
            let cluster =
                Cluster { task_history: Some(history), address_pools: vec!["10.20.0.0/16".into()], subnet_size: 24 };
            Observed {
                live_restore,
                node: Node {
                    id: "node".into(),
                    state,
                    manager: active && manager,
                    availability,
                    address: if active { "10.99.0.1".into() } else { String::new() },
                    nodes: 1,
                    managers: Vec::new(),
                    error: String::new(),
                },
                cluster: (active && manager).then_some(cluster),
                networks,
                taken,
                ingress,
                allocation_failures: None,
                odd_entries: Vec::new(),
            }
        },
    )
}

/// Docker's state after a change.
fn apply(change: &Change, observed: &mut Observed) {
    match change {
        Change::Initialise { advertise_address, address_pools, task_history } => {
            observed.node.state = NodeState::Active;
            observed.node.manager = true;
            observed.node.address.clone_from(advertise_address);
            observed.node.availability = Some(Availability::Active);
            observed.ingress = Some(true);
            let (pools, size) = address_pools.as_ref().map_or((vec!["10.0.0.0/8".into()], 24), |given| {
                (given.pools.iter().map(ToString::to_string).collect(), given.subnet_size.into())
            });
            observed.cluster = Some(Cluster {
                task_history: Some(task_history.map_or(5, i64::from)),
                address_pools: pools,
                subnet_size: size,
            });
        }
        Change::SetTaskHistory { limit } => observed.cluster.as_mut().unwrap().task_history = Some((*limit).into()),
        Change::RemoveNetwork { name, id } => {
            let found = observed.networks.get_mut(name).unwrap();
            let before = found.len();
            found.retain(|network| network.id != *id || !network.attached.as_ref().unwrap().is_empty());
            assert_eq!(found.len(), before - 1, "Docker refuses to remove a network that is in use");
        }
        Change::CreateNetwork { name, network } => {
            let overlaps = |taken: &Taken| network.subnet.is_some_and(|subnet| subnet.contains(&taken.subnet));
            assert!(!observed.taken.iter().any(overlaps), "Swarm would accept it and never allocate it");
            let found = observed.networks.entry(name.clone()).or_default();
            assert!(found.is_empty(), "a second network of the name would only make the name mean two things");
            found.push(observed::Network {
                id: format!("new-{name}"),
                driver: "overlay".into(),
                scope: "swarm".into(),
                attachable: network.attachable,
                internal: false,
                subnets: network.subnet.iter().map(ToString::to_string).collect(),
                addresses_taken: 0,
                attached: None,
            });
        }
    }
}

fn apply_all(plan: &Plan<Change>, observed: &mut Observed) {
    for change in plan.sequences.iter().flat_map(|sequence| &sequence.changes) {
        apply(change, observed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn applying_a_plan_leaves_nothing_to_change(desired in desired(), mut observed in observed()) {
        let first = plan::plan(&desired, &observed);
        apply_all(&first, &mut observed);
        let second = plan::plan(&desired, &observed);
        prop_assert!(second.sequences.is_empty(), "{:?}", second.sequences);
        // What was left alone stays told.
        prop_assert_eq!(second.drift, first.drift);
        prop_assert_eq!(second.blocks, first.blocks);
    }

    #[test]
    fn a_network_in_use_is_never_removed(desired in desired(), observed in observed()) {
        let in_use: BTreeMap<_, _> = observed.networks.values().flatten()
            .map(|network| (network.id.clone(), !network.attached.as_ref().unwrap().is_empty())).collect();
        let plan = plan::plan(&desired, &observed);
        for change in plan.sequences.iter().flat_map(|sequence| &sequence.changes) {
            if let Change::RemoveNetwork { id, .. } = change {
                prop_assert!(!in_use[id]);
            }
        }
    }
}
