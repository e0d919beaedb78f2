/// The acts of a command, in the notation that the step program reads (`CTorture`).
package struct Behaviour: Equatable, Sendable, CustomStringConvertible {
  package enum Act: Equatable, Sendable {
    /// Takes the lock that no other run of the group may hold meanwhile, or notes that one does.
    case hold
    case ignoreTerm
    case endAtTerm(code: Int)
    case print(bytes: Int)
    case goOn(milliseconds: Int)
    case closeStandard
    case stopSelf
    case child(flags: String, milliseconds: Int)
    /// Leaves an output that names the attempt.
    case put
    /// Leaves a list of items.
    case list([String])
    case exit(code: Int)
    case die(signal: Int)
  }

  package var acts: [Act]

  package init(_ acts: [Act]) {
    self.acts = acts
  }

  package var description: String {
    acts.map { act in
      switch act {
      case .hold: "f"
      case .ignoreTerm: "i"
      case .endAtTerm(let code): "g\(code)"
      case .print(let bytes): "p\(bytes)"
      case .goOn(let milliseconds): "s\(milliseconds)"
      case .closeStandard: "q"
      case .stopSelf: "z"
      case .child(let flags, let milliseconds): "c\(flags):\(milliseconds)"
      case .put: "o"
      case .list(let items): "l\(items.joined(separator: ":"))"
      case .exit(let code): "x\(code)"
      case .die(let signal): "k\(signal)"
      }
    }.joined(separator: ",")
  }

  /// How many bytes it prints if it is not interrupted.
  package var printedBytes: Int {
    acts.reduce(0) { if case .print(let bytes) = $1 { $0 + bytes } else { $0 } }
  }

  /// The same, which leaves its output before it ends; some do not.
  func puttingOut(_ dice: inout Dice) -> Behaviour {
    guard let end = acts.last, dice.happens(92) else { return self }
    return Behaviour(acts.dropLast() + [.put, end])
  }

  /// The same, which leaves a list before it ends.
  func listing(_ items: [String]) -> Behaviour {
    guard let end = acts.last else { return self }
    return Behaviour(acts.dropLast() + [.list(items), end])
  }

  /// The list that it leaves; nil for none.
  var list: [String]? {
    acts.lazy.compactMap { if case .list(let items) = $0 { items } else { nil } }.first
  }

  /// Whether it never ends by itself.
  var needsEnd: Bool { acts.contains(.stopSelf) }
}

extension Behaviour {
  static func draw(_ dice: inout Dice, mayStop: Bool) -> Behaviour {
    var acts: [Act] = []
    if dice.happens(15) { acts.append(.ignoreTerm) }
    if dice.happens(10) { acts.append(.endAtTerm(code: dice.pick([0, 3, 143]))) }
    if dice.happens(40) { acts.append(.print(bytes: dice.scaled(1, 200_000))) }
    if dice.happens(10) { acts.append(.closeStandard) }
    for _ in 0..<dice.weighted([(70, 0), (20, 1), (10, 3)]) { acts.append(drawChild(&dice)) }
    if dice.happens(85) { acts.append(.goOn(milliseconds: dice.scaled(4, 800))) }
    if mayStop && dice.happens(8) { acts.append(.stopSelf) }
    acts.append(drawEnd(&dice))
    return Behaviour(acts)
  }

  private static func drawChild(_ dice: inout Dice) -> Act {
    let flags = "sdizqe".filter { _ in dice.happens(35) }
    return .child(flags: flags, milliseconds: dice.scaled(1, 2_000))
  }

  private static func drawEnd(_ dice: inout Dice) -> Act {
    if dice.happens(65) { return .exit(code: 0) }
    if dice.happens(25) { return .die(signal: dice.pick([1, 2, 6, 9, 11, 15])) }
    return .exit(code: dice.happens(70) ? dice.within(1...4) : dice.within(1...255))
  }
}
