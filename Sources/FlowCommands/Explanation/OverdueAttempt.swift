/// An attempt that runs on after its timeout: its monitor, which alone enforces that, does not act.
enum OverdueAttempt {
  /// A monitor that acts ends an attempt, and says so, in far less time after its timeout.
  private static let toleranceMicroseconds: Int64 = 1_000_000

  /// - Parameters:
  ///   - elapsed: how long an attempt has run that nothing has stopped, in microseconds.
  ///   - limit: its timeout, in milliseconds.
  static func isOverdue(after elapsed: Int64, limit: Int64) -> Bool {
    let (end, overflow) = limit.multipliedReportingOverflow(by: 1_000)
    return !overflow && elapsed - toleranceMicroseconds > end
  }
}
