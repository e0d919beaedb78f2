import FlowRuntime
import Testing

/// The table of what recovery makes of an attempt's record, with every combination.
struct AttemptFateTests {
  struct Row {
    let record: AttemptFate.Record
    let isLocked: Bool
    let isSameHost: Bool
    let isIntentKnown: Bool
    let expected: AttemptFate

    init(
      _ record: AttemptFate.Record, _ lock: Lock, _ place: Where, _ intent: Intent,
      _ expected: AttemptFate
    ) {
      self.record = record
      isLocked = lock == .held
      isSameHost = place == .same
      isIntentKnown = intent == .known
      self.expected = expected
    }

    enum Lock { case held, free }
    enum Where { case same, other }
    enum Intent { case known, unknown }
  }

  static let table = [
    Row(.absent, .free, .same, .known, .neverLaunched),
    Row(.absent, .free, .other, .known, .lost),
    // What is absent has no lock, and names no intent.
    Row(.absent, .held, .same, .known, .neverLaunched),
    Row(.absent, .held, .other, .known, .lost),
    Row(.absent, .free, .same, .unknown, .neverLaunched),
    Row(.absent, .free, .other, .unknown, .lost),
    Row(.absent, .held, .same, .unknown, .neverLaunched),
    Row(.absent, .held, .other, .unknown, .lost),

    Row(.ended, .free, .same, .known, .ended),
    Row(.ended, .free, .other, .known, .ended),
    Row(.ended, .held, .same, .known, .awaitsLock),
    Row(.ended, .held, .other, .known, .awaitsLock),

    Row(.unreadable, .held, .same, .known, .awaitsLock),
    Row(.unreadable, .held, .other, .known, .awaitsLock),
    Row(.unreadable, .free, .same, .known, .lost),
    Row(.unreadable, .free, .other, .known, .lost),

    Row(.open, .held, .same, .known, .runs),
    Row(.open, .held, .other, .known, .runsElsewhere),
    Row(.open, .free, .same, .known, .lost),
    Row(.open, .free, .other, .known, .lost),

    Row(.ended, .free, .same, .unknown, .historyIsMissing),
    Row(.ended, .free, .other, .unknown, .historyIsMissing),
    Row(.ended, .held, .same, .unknown, .historyIsMissing),
    Row(.ended, .held, .other, .unknown, .historyIsMissing),
    Row(.unreadable, .free, .same, .unknown, .historyIsMissing),
    Row(.unreadable, .free, .other, .unknown, .historyIsMissing),
    Row(.unreadable, .held, .same, .unknown, .historyIsMissing),
    Row(.unreadable, .held, .other, .unknown, .historyIsMissing),
    Row(.open, .free, .same, .unknown, .historyIsMissing),
    Row(.open, .free, .other, .unknown, .historyIsMissing),
    Row(.open, .held, .same, .unknown, .historyIsMissing),
    Row(.open, .held, .other, .unknown, .historyIsMissing),
  ]

  @Test(arguments: table)
  func recordLockPlaceAndIntentSayWhatBecameOfAnAttempt(row: Row) {
    let settlement = AttemptFate(
      row.record, isLocked: row.isLocked, isSameHost: row.isSameHost,
      isIntentKnown: row.isIntentKnown)
    #expect(settlement == row.expected)
  }

  @Test func theTableHoldsEveryCombinationAndEveryOutcome() {
    let rows = Set(
      Self.table.map { "\($0.record) \($0.isLocked) \($0.isSameHost) \($0.isIntentKnown)" })
    #expect(rows.count == Self.table.count)
    #expect(rows.count == AttemptFate.Record.allCases.count * 8)
    #expect(Set(Self.table.map(\.expected)) == Set(AttemptFate.allCases))
  }
}
