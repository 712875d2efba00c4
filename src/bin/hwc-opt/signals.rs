//! What happens when a signal ends a command: nothing half-made is left behind.

use hwc_runtime::scratch;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// From now on, a signal that ends the process removes its temporary files first.
pub fn clean_up() {
    let ignored = ignored();
    let ending = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| ignored & 1 << (signal - 1) == 0);
    // Without the handler, signals end the process all the same.
    let Ok(mut signals) = Signals::new(ending) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            scratch::remove_all();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// Signals that whoever started this process wants ignored, as `nohup` does: bit `n - 1` for signal `n`.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
