import FlowCore

/// Puts the times of a run on a line. A long stretch without an engine is drawn shorter: a night
/// between two engines must not shrink the work of both to a dot.
struct TimeScale {
  /// A stretch without an engine, in the run's own microseconds.
  struct Gap: Equatable {
    let from: Int64
    let until: Int64
    /// How long it is drawn.
    let drawn: Int64
  }

  /// The length of the line, in thousandths of a percent: `position` goes from zero up to here.
  static let width: Int64 = 100_000
  /// A gap is drawn at most as long as this part of the time in which the run was driven.
  private static let longestGapPart: Int64 = 20

  let end: Int64
  let gaps: [Gap]
  private let drawnEnd: Int64

  /// - Parameter now: where the line ends, in the run's own microseconds.
  init(_ history: RunHistory, now: Int64) {
    let lives = history.lives
    self.init(
      gaps: zip(lives, lives.dropFirst()).map { ($0.until.elapsed, $1.from.elapsed) }, end: now)
  }

  /// - Parameter gaps: in order, each from and until when.
  init(gaps: [(Int64, Int64)], end: Int64) {
    self.end = max(1, end)
    let found = gaps.filter { $0.0 < $0.1 }
    let driven = self.end - found.reduce(0) { $0 + $1.1 - $1.0 }
    let longest = max(1, driven / Self.longestGapPart)
    self.gaps = found.map { Gap(from: $0, until: $1, drawn: min($1 - $0, longest)) }
    drawnEnd = self.end - self.gaps.reduce(0) { $0 + $1.until - $1.from - $1.drawn }
  }

  /// Where a time of the run is; never outside of the line.
  func position(_ elapsed: Int64) -> Int64 {
    Self.share(of: Self.width, drawn(min(max(0, elapsed), end)), drawnEnd)
  }

  private func drawn(_ elapsed: Int64) -> Int64 {
    var drawn = elapsed
    for gap in gaps where elapsed > gap.from {
      let within = min(elapsed, gap.until) - gap.from
      drawn -= within - Self.share(of: gap.drawn, within, gap.until - gap.from)
    }
    return drawn
  }

  /// `whole × part ÷ parts`, without the overflow of the product.
  private static func share(of whole: Int64, _ part: Int64, _ parts: Int64) -> Int64 {
    parts.dividingFullWidth(whole.multipliedFullWidth(by: part)).quotient
  }

  // MARK: Ticks

  /// At most so many.
  private static let mostTicks: Int64 = 10

  /// In milliseconds.
  private static let tickSteps: [Int64] =
    [1, 2, 5, 10, 20, 50, 100, 200, 500]
    + [1, 2, 5, 10, 15, 30].map { $0 * 1_000 }
    + [1, 2, 5, 10, 15, 30].map { $0 * 60_000 }
    + [1, 2, 3, 6, 12, 24, 48, 168, 672, 2_016, 8_760, 87_600].map { $0 * 3_600_000 }

  /// Round times of the run, in its own microseconds, that are not too close to each other.
  var ticks: [Int64] {
    let wanted = drawnEnd / 1_000 / Self.mostTicks
    guard let step = Self.tickSteps.first(where: { $0 >= max(1, wanted) }).map({ $0 * 1_000 })
    else { return [0] }
    var ticks: [Int64] = []
    var start: Int64 = 0
    for gap in gaps + [Gap(from: end, until: end, drawn: 0)] {
      var tick = (start + step - 1) / step * step
      while tick <= gap.from {
        let last = ticks.last.map(position)
        if last.map({ position(tick) - $0 >= Self.width / 20 }) ?? true { ticks.append(tick) }
        tick += step
      }
      start = gap.until
    }
    return ticks
  }

  // MARK: Text

  /// `12.345%`.
  static func percent(_ position: Int64) -> String {
    let digits = String(position % 1_000)
    return "\(position / 1_000)." + String(repeating: "0", count: 3 - digits.count) + digits + "%"
  }
}
