import FlowCore

/// The settings that a step, or `defaults`, gives.
struct SettingsOverlay: Hashable {
  private struct Given: Hashable {
    /// The place of the key in `StepSettings.valuedKeys`.
    let key: Int
    let value: DefinitionValue
  }

  /// In the order of their keys, so that overlays that give the same are equal.
  private var given: [Given] = []

  /// The place of a key in `StepSettings.valuedKeys`.
  static func place(of key: DefinitionKey<StepSettings>) -> Int {
    guard let place = StepSettings.valuedKeys.firstIndex(where: { $0.tag == key.tag }) else {
      preconditionFailure("the key \(key.name) is no setting")
    }
    return place
  }

  mutating func give(_ value: DefinitionValue, for key: DefinitionKey<StepSettings>) {
    let place = Self.place(of: key)
    let index = given.firstIndex { $0.key > place } ?? given.count
    given.insert(Given(key: place, value: value), at: index)
  }

  /// Nil if absent; so for the next three.
  var onLost: OnLost? { settings(with: Self.onLostPlace)?.onLost }
  var stragglers: StragglerPolicy? { settings(with: Self.stragglersPlace)?.stragglers }
  var workingDirectory: String? { settings(with: Self.folderPlace)?.workingDirectory }
  var secrets: [SecretUse]? { settings(with: Self.secretsPlace)?.secrets }

  /// The value at that place, as settings have it.
  private func settings(with place: Int) -> StepSettings? {
    guard let value = given.first(where: { $0.key == place })?.value else { return nil }
    var settings = StepSettings()
    StepSettings.valuedKeys[place].set(value, in: &settings)
    return settings
  }

  private static let onLostPlace = place(named: "onLost")
  private static let stragglersPlace = place(named: "stragglers")
  private static let folderPlace = place(named: "cwd")
  private static let secretsPlace = place(named: "secrets")

  private static func place(named name: String) -> Int {
    guard let place = StepSettings.valuedKeys.firstIndex(where: { $0.name == name }) else {
      preconditionFailure("no setting is called \(name)")
    }
    return place
  }

  /// Merges these values over `settings`: `env` and `retry` key by key, all others as a whole.
  func apply(to settings: inout StepSettings) {
    for given in given {
      let key = StepSettings.valuedKeys[given.key]
      var value = given.value
      if case .environment(let upper) = value,
        case .environment(let lower) = key.value(of: settings)
      {
        value = .environment(Self.merged(upper, over: lower))
      }
      key.set(value, in: &settings)
    }
  }

  static func merged(
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

extension SettingsOverlay: TextHolding {
  func forEachText(_ body: (String) -> Void) {
    for given in given { given.value.forEachText(body) }
  }
}
