import FlowCore

/// The settings that a step, or `defaults`, gives; nil is what it leaves to others.
struct SettingsOverlay: Hashable {
  /// Ordered by name.
  var environment: [EnvironmentVariable]?
  var workingDirectory: String?
  var timeoutMilliseconds: Int64?
  var killGraceMilliseconds: Int64?
  var retry = RetryOverlay()
  var allowFailure: Bool?
  var onLost: OnLost?
  var probe: Command?
  var stragglers: StragglerPolicy?
  var maxOutputBytes: Int64?

  /// Puts what is given here over `settings`: `env` and `retry` by key, all else as a whole.
  func apply(to settings: inout StepSettings) {
    if let environment {
      settings.environment = Self.merged(environment, over: settings.environment)
    }
    if let workingDirectory { settings.workingDirectory = workingDirectory }
    if let timeoutMilliseconds { settings.timeoutMilliseconds = timeoutMilliseconds }
    if let killGraceMilliseconds { settings.killGraceMilliseconds = killGraceMilliseconds }
    retry.apply(to: &settings.retry)
    if let allowFailure { settings.allowFailure = allowFailure }
    if let onLost { settings.onLost = onLost }
    if let probe { settings.probe = probe }
    if let stragglers { settings.stragglers = stragglers }
    if let maxOutputBytes { settings.maxOutputBytes = maxOutputBytes }
  }

  private static func merged(
    _ upper: [EnvironmentVariable], over lower: [EnvironmentVariable]
  ) -> [EnvironmentVariable] {
    if lower.isEmpty { return upper }
    var result: [EnvironmentVariable] = []
    result.reserveCapacity(upper.count + lower.count)
    var rest = lower[...]
    for variable in upper {
      while let next = rest.first, precedes(next.name, variable.name) {
        result.append(rest.removeFirst())
      }
      if let next = rest.first, !precedes(variable.name, next.name) { rest.removeFirst() }
      result.append(variable)
    }
    return result + rest
  }

  /// The order of names, by their bytes. `String` itself takes different bytes for equal where
  /// Unicode calls them canonically equivalent; to the kernel they are different names.
  static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}

/// The part of `RetryPolicy` that a step, or `defaults`, gives.
struct RetryOverlay: Hashable {
  var maxAttempts: Int32?
  var initialDelayMilliseconds: Int64?
  var multiplierThousandths: Int64?
  var maxDelayMilliseconds: Int64?
  var jitter: Jitter?
  var on: FailureKinds?
  var exitCodes: [UInt8]?

  func apply(to policy: inout RetryPolicy) {
    if let maxAttempts { policy.maxAttempts = maxAttempts }
    if let initialDelayMilliseconds { policy.initialDelayMilliseconds = initialDelayMilliseconds }
    if let multiplierThousandths { policy.multiplierThousandths = multiplierThousandths }
    if let maxDelayMilliseconds { policy.maxDelayMilliseconds = maxDelayMilliseconds }
    if let jitter { policy.jitter = jitter }
    if let on { policy.on = on }
    if let exitCodes { policy.exitCodes = exitCodes }
  }
}
