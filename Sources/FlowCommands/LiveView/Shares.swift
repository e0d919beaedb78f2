/// How many rows of a terminal the running, asking, backing-off, ready, waiting and just ended steps get.
struct Shares {
  private(set) var active = 0
  private(set) var backingOff = 0
  private(set) var asking = 0
  private(set) var ready = 0
  private(set) var waiting = 0
  /// Steps that have just ended take no row from others.
  private(set) var ended = 0
  private let activeTotal: Int
  private let backingOffTotal: Int
  private let askingTotal: Int
  private let waitingTotal: Int

  /// A few waiting steps show what comes next, however many there are.
  private static let mostBackingOff = 8
  private static let mostAsking = 4
  private static let mostWaiting = 5
  private static let mostEnded = 8

  /// Each part with something to show gets a row, the most urgent first, while rows last. Rows that
  /// are left go to running steps, then to the others.
  init(rows: Int, _ run: LiveRun) {
    activeTotal = run.active.count
    backingOffTotal = run.backingOff
    askingTotal = run.asking
    waitingTotal = run.waiting
    var left = rows
    func take(_ wanted: Int, _ share: inout Int) {
      let count = max(0, min(wanted, left))
      share += count
      left -= count
    }
    take(min(1, activeTotal), &active)
    take(min(1, askingTotal), &asking)
    take(min(1, backingOffTotal), &backingOff)
    take(min(1, run.ready), &ready)
    take(min(1, waitingTotal), &waiting)
    take(activeTotal - active, &active)
    take(min(askingTotal, Self.mostAsking) - asking, &asking)
    take(min(backingOffTotal, Self.mostBackingOff) - backingOff, &backingOff)
    take(min(waitingTotal, Self.mostWaiting) - waiting, &waiting)
    take(min(run.ended.count, Self.mostEnded), &ended)
  }

  /// How many entries are shown: the last row of a share may have to say how many are not.
  var activeShown: Int { Self.shown(active, of: activeTotal) }
  var askingShown: Int { Self.shown(asking, of: askingTotal) }
  var backingOffShown: Int { Self.shown(backingOff, of: backingOffTotal) }
  var waitingShown: Int { Self.shown(waiting, of: waitingTotal) }

  private static func shown(_ share: Int, of total: Int) -> Int {
    share < total && share > 1 ? share - 1 : share
  }
}
