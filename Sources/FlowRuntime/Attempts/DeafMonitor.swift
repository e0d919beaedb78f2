/// A monitor that does not act on the signal to kill its attempt: it was stopped again, or cannot
/// run. It is killed itself, and then what it leaves.
enum DeafMonitor {
  /// How long a monitor has to act.
  static let patienceMicroseconds: Int64 = 1_000_000
}
