import FlowCore

/// Where the world decides something. What an option of its own turns on has a site of its own, so
/// that the other choices stay what they are when it is off.
package enum ChoiceSite: UInt8, CaseIterable, Sendable {
  case options = 1
  case workflow = 2
  case commandBehaviour = 3
  case commandDuration = 4
  case syncLatency = 5
  case wakeUpDelay = 6
  case crash = 7
  case storageFault = 8
  case lostBytes = 9
  case lostNames = 10
  case cancel = 11
  case wallClock = 12
  case death = 13
  case downTime = 14
  case reader = 15
  case disk = 16
  case echo = 17
  case tornBytes = 18
  case commandHang = 19
  case commandStubbornness = 20
  case shortWrite = 21
  case processLatency = 22
  case recordFault = 23
  case monitorKill = 24
  case launcherKill = 25
  case fork = 26
  case descendants = 27
  case unkillable = 28
  case selfStop = 29
  case probe = 30
  case rounds = 32
  case look = 33
  case shortRead = 34
  case hostileDisk = 35
  case misfortune = 36
  case requests = 37
  case place = 38
  case cleaner = 39
  case operationTime = 40
  case reuse = 41
  case absence = 42
  case newRun = 43
}

/// Makes every decision of a simulated world. The same choices make the same world.
///
/// Zero is the least trouble at every site: nothing happens, nothing is lost, the smallest, the
/// simplest. A world whose choices are all zero is small and quiet, and what is left when a failure
/// is shrunk are the choices that it needs.
package protocol ChoiceSource: AnyObject {
  /// A number from zero up to, but not including, `count`, which is at least one.
  func choose(_ site: ChoiceSite, below count: Int) -> Int

  /// True in about `chances` of a thousand cases; these are more than none and not all. To be asked
  /// by `happens` only.
  func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool

  /// The machine loses power: next are the choices of what that leaves of the disk, of each file and
  /// folder on its own. Only who wants to know all that may be left looks at it.
  func losesPower(_ disk: SimulatedStorage)
}

extension ChoiceSource {
  package func losesPower(_ disk: SimulatedStorage) {}

  package func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    // From the top, so that a choice of zero is false.
    choose(site, below: 1_000) >= 1_000 - chances
  }

  /// True in about `chances` of a thousand cases.
  func happens(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    // Without a draw where the answer is known: an option that is off takes nothing from a stream.
    if chances <= 0 { return false }
    if chances >= 1_000 { return true }
    return weigh(site, perMille: chances)
  }

  func choose(_ site: ChoiceSite, in range: ClosedRange<Int>) -> Int {
    range.lowerBound + choose(site, below: range.count)
  }
}

/// A value for each site.
struct BySite<Value> {
  private var values: [Value]

  init(_ value: Value) {
    values = [Value](
      repeating: value, count: (ChoiceSite.allCases.map { Int($0.rawValue) }.max() ?? 0) + 1)
  }

  subscript(site: ChoiceSite) -> Value {
    get { values[Int(site.rawValue)] }
    _modify { yield &values[Int(site.rawValue)] }
  }
}

extension BySite where Value: BinaryInteger {
  /// - Returns: what it was before.
  mutating func countOne(_ site: ChoiceSite) -> Value {
    let place = Int(site.rawValue)
    defer { values[place] += 1 }
    return values[place]
  }
}

extension BySite: Equatable where Value: Equatable {}
extension BySite: Sendable where Value: Sendable {}
