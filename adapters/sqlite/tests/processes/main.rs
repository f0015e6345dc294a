//! What several processes do to one folder at once, and what a process leaves that is killed.
//!
//! The program starts itself again as those processes (`child`), and speaks with them by lines.

mod checks;
mod child;

#[expect(clippy::print_stdout, reason = "a program of tests says which it ran")]
fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("child") {
        let arguments: Vec<_> = arguments.collect();
        child::act(&arguments);
        return;
    }
    for (name, check) in checks::ALL {
        check();
        println!("test {name} ... ok");
    }
}
