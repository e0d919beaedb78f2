import CMonitor
import Testing

/// What is about to be overwritten is in order, joined, and read as it was written or not at all.
@Suite struct MaskPlanTests {
  private struct Plan {
    var ranges: [flow_mask_range]
    var count = 0

    init(capacity: Int) {
      ranges = .init(repeating: flow_mask_range(), count: capacity)
    }

    mutating func use<Result>(_ body: (inout flow_mask_plan) -> Result) -> Result {
      unsafe ranges.withUnsafeMutableBufferPointer { ranges in
        var plan = unsafe flow_mask_plan(
          ranges: ranges.baseAddress, count: count, capacity: ranges.count)
        defer { count = unsafe plan.count }
        return unsafe body(&plan)
      }
    }

    mutating func add(_ from: Int64, _ until: Int64) -> Bool {
      unsafe use { unsafe flow_mask_plan_add(&$0, from, until) }
    }

    mutating func decode(_ bytes: [UInt8]) -> Bool {
      unsafe use { unsafe flow_mask_plan_decode(&$0, bytes, bytes.count) }
    }

    mutating func encoded(_ first: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0xA5, count: flow_mask_plan_size(first))
      unsafe use { unsafe flow_mask_plan_encode(&$0, first, &bytes) }
      return bytes
    }

    mutating func count(until offset: Int64) -> Int {
      unsafe use { unsafe flow_mask_plan_count(&$0, offset) }
    }

    mutating func drop(_ first: Int) {
      unsafe use { unsafe flow_mask_plan_drop(&$0, first) }
    }

    var list: [Range<Int64>] { ranges[..<count].map { $0.from..<$0.until } }
  }

  /// The ranges of a file; nil if it is none.
  private static func read(_ bytes: [UInt8], capacity: Int = 8) -> [Range<Int64>]? {
    var plan = Plan(capacity: capacity)
    return plan.decode(bytes) ? plan.list : nil
  }

  /// The same each time.
  private struct Dice: RandomNumberGenerator {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  @Test func rangesThatTouchAreOne() {
    var plan = Plan(capacity: 8)
    for (from, until) in [(10, 20), (30, 40), (50, 60), (20, 25), (0, 5), (7, 7)]
      as [(Int64, Int64)]
    {
      let added = plan.add(from, until)
      #expect(added)
    }
    #expect(plan.list == [0..<5, 10..<25, 30..<40, 50..<60])
    _ = plan.add(22, 52)
    #expect(plan.list == [0..<5, 10..<60])
    _ = plan.add(12, 13)
    #expect(plan.list == [0..<5, 10..<60])
  }

  /// Against the set of all bytes, in any order.
  @Test func anyOrderGivesTheSameRanges() {
    var generator = Dice()
    for _ in 0..<2_000 {
      var plan = Plan(capacity: 64)
      var bytes = [Bool](repeating: false, count: 80)
      for _ in 0..<Int.random(in: 1...30, using: &generator) {
        let from = Int.random(in: 0..<70, using: &generator)
        let until = from + Int.random(in: 1...10, using: &generator)
        for index in from..<until { bytes[index] = true }
        let added = plan.add(Int64(from), Int64(until))
        #expect(added)
      }
      var expected: [Range<Int64>] = []
      for index in bytes.indices where bytes[index] {
        if index > 0, bytes[index - 1], let last = expected.popLast() {
          expected.append(last.lowerBound..<Int64(index) + 1)
        } else {
          expected.append(Int64(index)..<Int64(index) + 1)
        }
      }
      #expect(plan.list == expected)
      let settled = Int64.random(in: 0...80, using: &generator)
      let first = plan.count(until: settled)
      #expect(first == expected.count { $0.upperBound <= settled })
      plan.drop(first)
      #expect(plan.list == Array(expected[first...]))
    }
  }

  @Test func aFullPlanTakesWhatItCanJoin() {
    var plan = Plan(capacity: 2)
    let adds = [(0, 1), (10, 11), (20, 21), (1, 3), (2, 30)].map { plan.add($0, $1) }
    #expect(adds == [true, true, false, true, true])
    #expect(plan.list == [0..<30])
  }

  @Test func aFileIsReadAsItWasWritten() {
    var plan = Plan(capacity: 4)
    for (from, until) in [(3, 70_000_000_000), (1 << 40, 1 << 41), (0, 1)] as [(Int64, Int64)] {
      _ = plan.add(from, until)
    }
    let bytes = plan.encoded(3)
    #expect(Self.read(bytes, capacity: 3) == [0..<1, 3..<70_000_000_000, 1 << 40..<1 << 41])
    let (one, none) = (plan.encoded(1), plan.encoded(0))
    #expect(Self.read(one, capacity: 3) == [0..<1])
    #expect(Self.read(none, capacity: 3) == [])
    #expect(Self.read(bytes, capacity: 2) == nil)
  }

  /// Nothing is overwritten before the file is complete.
  @Test func noPartOfAFileIsOne() {
    var plan = Plan(capacity: 2)
    _ = plan.add(0, 8)
    _ = plan.add(100, 120)
    let bytes = plan.encoded(2)
    for size in 0..<bytes.count {
      #expect(Self.read(Array(bytes[..<size])) == nil)
      var changed = bytes
      changed[size] ^= 0x10
      #expect(Self.read(changed) == nil)
    }
    #expect(Self.read(bytes + [0]) == nil)
    #expect(Self.read(bytes) == [0..<8, 100..<120])
  }
}
