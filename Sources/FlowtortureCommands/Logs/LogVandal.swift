/// Damages a log in every way that a list can be made of, and has each looked at.
struct LogVandal {
  private(set) var judge: LogJudge
  private var truth: LogTruth { judge.truth }
  private var count: Int { truth.segments.count }

  init(_ truth: LogTruth) {
    judge = LogJudge(truth)
  }

  mutating func checkWhole() {
    judge.check("as it is", .intact(truth.last))
    judge.checkClaimed("as it is", .intact(truth.last))
  }

  /// Each bit of each byte of each segment.
  mutating func flipBits() {
    for (segment, bytes) in truth.segments.enumerated() {
      let length = truth.length(of: segment)
      for bit in 0..<bytes.count * 8 {
        let byte = bit / 8
        judge.image.segments[segment]?[byte] ^= 1 << UInt8(bit % 8)
        // Behind what its successor names nobody reads.
        judge.check(
          "segment \(segment + 1), bit \(bit)", byte < length ? .rot : .intact(truth.last))
        judge.image.segments[segment]?[byte] = bytes[byte]
      }
    }
  }

  /// Each length that each segment can be cut to.
  mutating func cut() {
    for (segment, bytes) in truth.segments.enumerated() {
      for length in 0..<bytes.count {
        judge.image.segments[segment] = Array(bytes[..<length])
        let expectation = expectation(cutting: segment, to: length)
        judge.check("segment \(segment + 1) cut to \(length)", expectation)
        judge.checkClaimed("segment \(segment + 1) cut to \(length)", expectation)
      }
      judge.image.segments[segment] = bytes
    }
  }

  private func expectation(cutting segment: Int, to length: Int) -> LogJudge.Expectation {
    if length < truth.bornSize(of: segment) { return .damaged }
    guard segment == count - 1 else {
      return length < truth.length(of: segment) ? .damaged : .intact(truth.last)
    }
    guard let cut = truth.lastCut(through: length), cut.sequence > 0 else { return .damaged }
    let rest = truth.segments[segment][cut.offset..<length]
    return rest.allSatisfy { $0 == 0 } ? .intact(cut.sequence) : .torn(cut.sequence)
  }

  /// Every choice of segments that are gone, every order of those that are there, and each once more
  /// in every place.
  mutating func moveSegments() {
    for gone in 1..<1 << count { lose(gone) }
    for order in orders(of: Array(0..<count)) where order != Array(0..<count) {
      arrange(order, "in the order \(order)")
    }
    for copied in 0..<count {
      for place in 0...count {
        var order = Array(0..<count)
        order.insert(copied, at: place)
        arrange(order, "segment \(copied + 1) once more at \(place + 1)")
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
    judge.image.segments = truth.segments.enumerated().map {
      gone & 1 << $0.offset == 0 ? $0.element : nil
    }
    // A log whose last segments are gone is one that was not written on: by itself it cannot tell.
    let isPrefix = !left.isEmpty && left == Array(0..<left.count)
    let expectation = isPrefix ? LogJudge.Expectation.prefix : .damaged
    let what = "of \(count) segments, only \(left.map { $0 + 1 })"
    judge.check(what, expectation)
    judge.checkClaimed(what, expectation)
    // The files that are left, numbered anew.
    if !left.isEmpty, !isPrefix { arrange(left, "\(what), as if there were no others") }
    judge.image.segments = truth.segments
  }

  private mutating func arrange(_ order: [Int], _ what: String) {
    judge.image.segments = order.map { truth.segments[$0] }
    judge.check(what, .damaged)
    judge.image.segments = truth.segments
  }

  private func orders(of items: [Int]) -> [[Int]] {
    if items.count < 2 { return [items] }
    return items.flatMap { first in
      orders(of: items.filter { $0 != first }).map { [first] + $0 }
    }
  }

  /// Each segment of another log in each place of this one, and behind it.
  mutating func takeSegments(of other: LogTruth) {
    guard count > 1 else { return }
    for place in 0...count {
      for (index, bytes) in other.segments.enumerated() {
        if place < count, counts(bytes, as: place) { continue }
        var segments = truth.segments.map(Optional.some)
        if place == count { segments.append(bytes) } else { segments[place] = bytes }
        judge.image.segments = segments
        judge.check("segment \(index + 1) of another log as \(place + 1)", .foreign)
      }
    }
    judge.image.segments = truth.segments
  }

  /// Whether a segment is as good as another: what counts of them is the same.
  private func counts(_ bytes: [UInt8], as segment: Int) -> Bool {
    let length = truth.length(of: segment)
    return bytes.prefix(length) == truth.segments[segment].prefix(length)
  }
}
