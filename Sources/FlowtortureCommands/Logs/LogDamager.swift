/// Damages a log in every enumerable way, and checks each damaged log.
struct LogDamager {
  private(set) var checker: LogChecker
  private var truth: LogTruth { checker.truth }
  private var count: Int { truth.segments.count }

  init(_ truth: LogTruth) {
    checker = LogChecker(truth)
  }

  mutating func checkWhole() {
    checker.check("as it is", .intact(truth.last))
    checker.checkClaimed("as it is", .intact(truth.last))
  }

  /// Flips each bit of each segment.
  mutating func flipBits() {
    for (segment, bytes) in truth.segments.enumerated() {
      let length = truth.length(of: segment)
      for bit in 0..<bytes.count * 8 {
        let byte = bit / 8
        checker.image.segments[segment]?[byte] ^= 1 << UInt8(bit % 8)
        // No reader looks beyond the length that the successor names.
        checker.check(
          "segment \(segment + 1), bit \(bit)", byte < length ? .rot : .intact(truth.last))
        checker.image.segments[segment]?[byte] = bytes[byte]
      }
    }
  }

  /// Cuts each segment to each length.
  mutating func cut() {
    for (segment, bytes) in truth.segments.enumerated() {
      for length in 0..<bytes.count {
        checker.image.segments[segment] = Array(bytes[..<length])
        let expectation = expectation(cutting: segment, to: length)
        checker.check("segment \(segment + 1) cut to \(length)", expectation)
        checker.checkClaimed("segment \(segment + 1) cut to \(length)", expectation)
      }
      checker.image.segments[segment] = bytes
    }
  }

  private func expectation(cutting segment: Int, to length: Int) -> LogChecker.Expectation {
    if length < truth.initialSize(of: segment) { return .damaged }
    guard segment == count - 1 else {
      return length < truth.length(of: segment) ? .damaged : .intact(truth.last)
    }
    guard let cut = truth.lastCut(through: length), cut.sequence > 0 else { return .damaged }
    let rest = truth.segments[segment][cut.offset..<length]
    return rest.allSatisfy { $0 == 0 } ? .intact(cut.sequence) : .torn(cut.sequence)
  }

  /// Removes every subset of the segments, puts them into every order, and doubles each in every place.
  mutating func moveSegments() {
    for gone in 1..<1 << count { lose(gone) }
    for order in orders(of: Array(0..<count)) where order != Array(0..<count) {
      arrange(order, "in the order \(order)")
    }
    for copied in 0..<count {
      for place in 0...count {
        var order = Array(0..<count)
        order.insert(copied, at: place)
        arrange(order, "segment \(copied + 1) again at \(place + 1)")
        guard place < count, place != copied else { continue }
        order = Array(0..<count)
        order[place] = copied
        arrange(order, "segment \(copied + 1) instead of \(place + 1)")
      }
    }
  }

  /// - Parameter gone: a bit for each segment.
  private mutating func lose(_ gone: Int) {
    let left = (0..<count).filter { gone & 1 << $0 == 0 }
    checker.image.segments = truth.segments.enumerated().map {
      gone & 1 << $0.offset == 0 ? $0.element : nil
    }
    // A log without its last segments looks like one that ended earlier.
    let isPrefix = !left.isEmpty && left == Array(0..<left.count)
    let expectation = isPrefix ? LogChecker.Expectation.prefix : .damaged
    let what = "only segments \(left.map { $0 + 1 }) of \(count)"
    checker.check(what, expectation)
    checker.checkClaimed(what, expectation)
    // The remaining files, renumbered.
    if !left.isEmpty, !isPrefix { arrange(left, "\(what), renumbered") }
    checker.image.segments = truth.segments
  }

  private mutating func arrange(_ order: [Int], _ what: String) {
    checker.image.segments = order.map { truth.segments[$0] }
    checker.check(what, .damaged)
    checker.image.segments = truth.segments
  }

  private func orders(of items: [Int]) -> [[Int]] {
    if items.count < 2 { return [items] }
    return items.flatMap { first in
      orders(of: items.filter { $0 != first }).map { [first] + $0 }
    }
  }

  /// Puts each segment of another log into each place of this one, and after its end.
  mutating func takeSegments(of other: LogTruth) {
    guard count > 1 else { return }
    for place in 0...count {
      for (index, bytes) in other.segments.enumerated() {
        if place < count, counts(bytes, as: place) { continue }
        var segments = truth.segments.map(Optional.some)
        if place == count { segments.append(bytes) } else { segments[place] = bytes }
        checker.image.segments = segments
        checker.check("segment \(index + 1) of another log as \(place + 1)", .foreign)
      }
    }
    checker.image.segments = truth.segments
  }

  /// Whether the part that readers look at is the same.
  private func counts(_ bytes: [UInt8], as segment: Int) -> Bool {
    let length = truth.length(of: segment)
    return bytes.prefix(length) == truth.segments[segment].prefix(length)
  }
}
