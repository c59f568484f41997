use proptest::prelude::*;

use super::*;
use crate::gate::state::{Counted, Rollback};

const ENTRY: &str = "/loader/entries/nixos-generation-3+2-1.conf";

fn path(number: u32) -> PathBuf {
    PathBuf::from(format!("/nix/store/{number}"))
}

fn generation(number: u32) -> Generation {
    Generation {
        number: Some(number),
        system: path(number),
    }
}

fn profile(current: u32, numbers: impl IntoIterator<Item = u32>) -> Profile {
    Profile {
        current,
        installed: numbers
            .into_iter()
            .map(|number| Installed {
                number,
                system: path(number),
                specialisations: vec![path(number + 100)],
            })
            .collect(),
    }
}

fn rollback(from: Generation, to: Generation) -> Rollback {
    Rollback {
        from,
        to,
        at: 0.0,
        boot_id: String::new(),
        occasion: Occasion::Switch,
        red: vec![],
        attempts: 1,
        outcome: Outcome::Done,
        detail: String::new(),
    }
}

/// A switch to generation 3 that stayed red; 1 and 2 are there, and nothing is known of them.
fn red() -> Situation {
    Situation {
        standing: Standing::Against,
        occasion: Occasion::Switch,
        maintenance: false,
        system: Ok((path(3), profile(3, 1..=3))),
        counted: None,
        memory: Ok(State::default()),
        carrying_out: false,
    }
}

fn remembering(change: impl FnOnce(&mut State)) -> Situation {
    let mut situation = red();
    change(situation.memory.as_mut().unwrap());
    situation
}

fn back_to(number: u32) -> Action {
    Action::RollBack {
        from: generation(3),
        to: generation(number),
        attempt: 1,
    }
}

#[test]
fn what_is_green_stays_whatever_else_holds() {
    for occasion in [Occasion::Boot, Occasion::Switch] {
        for maintenance in [false, true] {
            for system in [Err(String::new()), red().system] {
                let situation = Situation {
                    standing: Standing::Clear,
                    occasion,
                    maintenance,
                    system,
                    counted: Some(ENTRY.to_owned()),
                    memory: Err(String::new()),
                    carrying_out: false,
                };
                assert_eq!(decide(&situation), Action::Keep);
            }
        }
    }
}

#[test]
fn what_is_not_known_to_be_well_stays() {
    let situation = Situation {
        standing: Standing::Waited,
        ..red()
    };
    assert_eq!(decide(&situation), Action::Report(Reason::NotRed));
}

#[test]
fn what_is_red_goes_back_to_the_one_before() {
    assert_eq!(decide(&red()), back_to(2));
    let at_boot = Situation {
        occasion: Occasion::Boot,
        ..red()
    };
    assert_eq!(decide(&at_boot), back_to(2));
}

#[test]
fn the_newest_that_was_good_is_preferred() {
    let situation = remembering(|state| state.remember_good(&generation(1), Occasion::Switch, 1.0));
    assert_eq!(decide(&situation), back_to(1));
    let situation = remembering(|state| {
        state.remember_good(&generation(2), Occasion::Boot, 1.0);
        state.remember_good(&generation(1), Occasion::Boot, 2.0);
    });
    assert_eq!(decide(&situation), back_to(2));
}

#[test]
fn what_was_rolled_back_from_is_neither_left_again_nor_gone_back_to() {
    let situation = remembering(|state| state.rollbacks.push(rollback(generation(2), generation(1))));
    assert_eq!(decide(&situation), back_to(1));
    // and that holds however it ended: it might end so again, for ever
    for outcome in [Outcome::Done, Outcome::Failed] {
        let situation = remembering(|state| {
            state.rollbacks.push(Rollback {
                outcome,
                ..rollback(generation(3), generation(2))
            });
        });
        assert_eq!(
            decide(&situation),
            Action::Report(Reason::Before(generation(3), outcome))
        );
    }
}

#[test]
fn a_way_back_that_did_not_come_to_its_end_is_tried_once_more() {
    let begun = |attempts| {
        remembering(|state| {
            state.rollbacks.push(Rollback {
                outcome: Outcome::Begun,
                attempts,
                ..rollback(generation(3), generation(1))
            });
        })
    };
    let again = Action::RollBack {
        from: generation(3),
        to: generation(1),
        attempt: 2,
    };
    let report = Action::Report(Reason::Before(generation(3), Outcome::Begun));
    assert_eq!(decide(&begun(1)), again);
    assert_eq!(decide(&begun(2)), report, "it might end so again, for ever");
    let under_way = Situation {
        carrying_out: true,
        ..begun(1)
    };
    assert_eq!(decide(&under_way), report);
    // the power failed when it was the default, and not yet what the loader starts
    let after_a_power_cut = Situation {
        occasion: Occasion::Boot,
        system: Ok((path(3), profile(1, 1..=3))),
        ..begun(1)
    };
    assert_eq!(decide(&after_a_power_cut), again);
    let deleted = Situation {
        system: Ok((path(3), profile(3, 2..=3))),
        ..begun(1)
    };
    assert_eq!(decide(&deleted), report);
}

#[test]
fn the_way_back_is_one_step() {
    let situation = remembering(|state| state.rollbacks.push(rollback(generation(4), generation(3))));
    assert_eq!(
        decide(&situation),
        Action::Report(Reason::RolledBackTo(generation(3)))
    );
}

#[test]
fn what_was_good_before_is_not_to_blame() {
    let proven = Action::Report(Reason::Proven(generation(3)));
    let good_once = |good: Occasion, now: Occasion| {
        let mut situation = remembering(|state| state.remember_good(&generation(3), good, 1.0));
        situation.occasion = now;
        decide(&situation)
    };
    assert_eq!(good_once(Occasion::Boot, Occasion::Boot), proven);
    assert_eq!(good_once(Occasion::Boot, Occasion::Switch), proven);
    assert_eq!(good_once(Occasion::Switch, Occasion::Switch), proven);
    // its kernel has never been seen to work
    assert_eq!(good_once(Occasion::Switch, Occasion::Boot), back_to(2));
}

#[test]
fn without_another_generation_it_stays() {
    let mut situation = red();
    situation.system = Ok((path(3), profile(3, [3])));
    let none = Action::Report(Reason::NoOther(generation(3)));
    assert_eq!(decide(&situation), none);
    // newer ones are no way back, and neither is the same system under another number
    let mut twice = profile(3, [2, 3, 4]);
    twice.installed[0].system = path(3);
    situation.system = Ok((path(3), twice));
    assert_eq!(decide(&situation), none);
}

#[test]
fn what_is_tried_by_hand_gives_way_to_the_default() {
    let mut situation = remembering(|state| state.remember_good(&generation(3), Occasion::Boot, 1.0));
    situation.system = Ok((path(7), profile(3, 1..=3)));
    let tried = Generation {
        number: None,
        system: path(7),
    };
    let not_seen_yet = Situation {
        memory: Ok(State::default()),
        ..situation.clone()
    };
    assert_eq!(
        decide(&not_seen_yet),
        Action::Report(Reason::NoOther(tried.clone()))
    );
    assert_eq!(
        decide(&situation),
        Action::RollBack {
            from: tried,
            to: generation(3),
            attempt: 1
        }
    );
    // at boot it was chosen in the loader's menu, or by the loader
    situation.occasion = Occasion::Boot;
    situation.system = Ok((path(2), profile(3, 1..=3)));
    assert_eq!(decide(&situation), Action::Report(Reason::Chosen(generation(2))));
}

#[test]
fn a_specialisation_is_its_generation() {
    let mut situation = red();
    situation.occasion = Occasion::Boot;
    situation.system = Ok((path(103), profile(3, 1..=3)));
    assert_eq!(decide(&situation), back_to(2));
}

#[test]
fn a_loader_that_counts_decides_and_one_that_does_not_count_is_not_waited_for() {
    let mut situation = red();
    situation.counted = Some(ENTRY.to_owned());
    assert_eq!(decide(&situation), back_to(2), "not this boot's matter");
    situation.occasion = Occasion::Boot;
    let reboot = Action::Reboot {
        entry: ENTRY.to_owned(),
    };
    assert_eq!(decide(&situation), reboot);
    let mut came_up_with = |entry: &str| {
        situation.memory.as_mut().unwrap().counted = Some(Counted {
            entry: entry.to_owned(),
            at: 1.0,
        });
        decide(&situation)
    };
    assert_eq!(came_up_with("/loader/entries/nixos-generation-3+3.conf"), reboot);
    assert_eq!(came_up_with(ENTRY), back_to(2));
}

#[test]
fn nothing_is_done_in_maintenance_or_without_knowing_better() {
    let maintenance = Situation {
        maintenance: true,
        ..red()
    };
    assert_eq!(decide(&maintenance), Action::Report(Reason::Maintenance));
    let system = Situation {
        system: Err("none".to_owned()),
        ..red()
    };
    assert_eq!(
        decide(&system),
        Action::Report(Reason::NoSystem("none".to_owned()))
    );
    let memory = Situation {
        memory: Err("torn".to_owned()),
        ..red()
    };
    assert_eq!(
        decide(&memory),
        Action::Report(Reason::NoMemory("torn".to_owned()))
    );
}

/// One thing that happens on a box.
#[derive(Debug, Clone)]
enum Event {
    /// A new generation with this system is installed and switched to.
    Switch(u32),
    /// Some system is tried without the profile.
    Test(u32),
    /// The machine starts, with the default or with a generation of somebody's choice.
    Boot(Option<u32>),
    /// A generation is deleted.
    Delete(u32),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..8_u32).prop_map(Event::Switch),
        1 => (1..8_u32).prop_map(Event::Test),
        3 => proptest::option::weighted(0.2, 1..8_u32).prop_map(Event::Boot),
        1 => (1..8_u32).prop_map(Event::Delete),
    ]
}

/// A box on which the gate's decisions are carried out.
struct Machine {
    running: PathBuf,
    profile: Profile,
    memory: State,
    reboots: Vec<String>,
    attempts: u32,
}

impl Machine {
    fn new() -> Self {
        Self {
            running: path(1),
            profile: profile(1, [1]),
            memory: State::default(),
            reboots: vec![],
            attempts: 0,
        }
    }

    /// Whether the gate has something to judge.
    fn happens(&mut self, event: &Event) -> Option<Occasion> {
        match event {
            Event::Switch(system) => {
                let number = self.profile.installed.last().map_or(0, |last| last.number) + 1;
                self.profile.installed.push(Installed {
                    number,
                    system: path(*system),
                    specialisations: vec![],
                });
                self.profile.current = number;
                self.running = path(*system);
                Some(Occasion::Switch)
            }
            Event::Test(system) => {
                self.running = path(*system);
                Some(Occasion::Switch)
            }
            Event::Boot(chosen) => {
                let number = chosen.unwrap_or(self.profile.current);
                let installed = self
                    .profile
                    .installed
                    .iter()
                    .find(|installed| installed.number == number)?;
                self.running.clone_from(&installed.system);
                Some(Occasion::Boot)
            }
            Event::Delete(number) => {
                if *number != self.profile.current {
                    self.profile
                        .installed
                        .retain(|installed| installed.number != *number);
                }
                None
            }
        }
    }

    fn gate(&mut self, occasion: Occasion, green: bool, maintenance: bool, counted: Option<String>) {
        let action = decide(&Situation {
            standing: if green { Standing::Clear } else { Standing::Against },
            occasion,
            maintenance,
            system: Ok((self.running.clone(), self.profile.clone())),
            counted,
            memory: Ok(self.memory.clone()),
            carrying_out: false,
        });
        match action {
            Action::Keep => {
                assert!(green);
                let from = self.profile.find(&self.running).map_or_else(
                    || Generation {
                        number: None,
                        system: self.running.clone(),
                    },
                    Installed::generation,
                );
                self.memory.remember_good(&from, occasion, 0.0);
            }
            Action::Report(_) => assert!(!green),
            Action::Reboot { entry } => {
                assert!(!green && !maintenance && occasion == Occasion::Boot);
                self.memory.counted = Some(Counted {
                    entry: entry.clone(),
                    at: 0.0,
                });
                self.reboots.push(entry);
            }
            Action::RollBack { from, to, attempt } => {
                assert!(!green && !maintenance);
                assert_eq!(from.system, self.running);
                assert_ne!(from.system, to.system);
                let installed = self
                    .profile
                    .installed
                    .iter()
                    .find(|installed| Some(installed.number) == to.number);
                assert_eq!(installed.map(|installed| &installed.system), Some(&to.system));
                let begun = Rollback {
                    attempts: attempt,
                    outcome: Outcome::Begun,
                    ..rollback(from, to.clone())
                };
                assert!(self.memory.begin(begun));
                self.attempts += 1;
                if self.attempts.is_multiple_of(3) {
                    // the power fails on the way, before anything is done
                    return;
                }
                self.memory.rollbacks.last_mut().unwrap().outcome = Outcome::Done;
                self.profile.current = to.number.unwrap();
                self.running = to.system;
                // the generation before has a gate of its own, and it may find the box as red
                let already = self.memory.rollbacks.len();
                self.gate(Occasion::Switch, false, false, None);
                assert_eq!(self.memory.rollbacks.len(), already, "one step");
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_rolled_back_twice_and_nothing_in_maintenance(
        days in proptest::collection::vec((event(), any::<bool>(), proptest::bool::weighted(0.1), proptest::option::of(0..4_u32)), 0..60),
    ) {
        let mut machine = Machine::new();
        for (event, green, maintenance, count) in days {
            if let Some(occasion) = machine.happens(&event) {
                machine.gate(occasion, green, maintenance, count.map(|left| format!("entry+{left}.conf")));
            }
        }
        let mut left: Vec<_> = machine.memory.rollbacks.iter().map(|rollback| rollback.from.system.clone()).collect();
        let rollbacks = left.len();
        left.sort();
        left.dedup();
        prop_assert_eq!(left.len(), rollbacks);
        prop_assert!(machine.memory.rollbacks.iter().all(|rollback| rollback.attempts <= ATTEMPTS));
        for pair in machine.memory.rollbacks.iter().enumerate().flat_map(|(index, later)| machine.memory.rollbacks[..index].iter().map(move |earlier| (earlier, later))) {
            prop_assert_ne!(&pair.0.from.system, &pair.1.to.system, "never back to what was left");
        }
        for pair in machine.reboots.windows(2) {
            prop_assert_ne!(&pair[0], &pair[1], "a loader that does not count is not asked twice in a row");
        }
    }
}
