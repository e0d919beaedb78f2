import CMonitor
import FlowCore
import FlowStorage
import TestSupport
import Testing

@testable import FlowSystem

/// Of a secret that is overwritten while somebody reads, nothing is shown.
@Suite struct OutputReadingTests {
  private let folder = TemporaryFolder()

  private static func encoded(_ ranges: [Range<Int64>]) -> [UInt8] {
    var list = ranges.map { flow_mask_range(from: $0.lowerBound, until: $0.upperBound) }
    var bytes = [UInt8](repeating: 0, count: flow_mask_plan_size(list.count))
    unsafe list.withUnsafeMutableBufferPointer { list in
      var plan = unsafe flow_mask_plan(
        ranges: list.baseAddress, count: list.count, capacity: list.count)
      unsafe flow_mask_plan_encode(&plan, list.count, &bytes)
    }
    return bytes
  }

  // MARK: While it is overwritten

  private struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state = SplitMix64.mix(state)
      return state
    }
  }

  /// An output that another process overwrites while it is read, byte by byte.
  private final class ChangingOutput {
    var bytes: [UInt8]
    private var plan: [Range<Int64>] = []
    private var random: Dice
    /// What the other process does, last first.
    private var steps: [(ChangingOutput) -> Void] = []
    private let pace: UInt64
    var reads = 0

    init(_ bytes: [UInt8], overwriting ranges: [Range<Int>], seed: UInt64) {
      self.bytes = bytes
      random = Dice(state: seed)
      pace = random.next() % 40 + 2
      var steps: [(ChangingOutput) -> Void] = []
      var rest = ranges[...]
      while !rest.isEmpty {
        let batch = rest.prefix(Int(random.next() % 3) + 1)
        rest = rest.dropFirst(batch.count)
        // While a plan takes the place of another there is none that is complete.
        steps.append { $0.plan = [] }
        steps.append {
          $0.plan = batch.map { Int64($0.lowerBound)..<Int64($0.upperBound) }
        }
        for range in batch {
          var places = Array(range)
          // A disk that lost its power has kept what it liked.
          if random.next() % 2 == 0 { places.shuffle(using: &random) }
          for place in places { steps.append { $0.bytes[place] = UInt8(ascii: "*") } }
        }
      }
      steps.append { $0.plan = [] }
      // It may be killed at any moment, and never go on.
      if random.next() % 3 == 0 { steps.removeLast(Int(random.next() % UInt64(steps.count))) }
      self.steps = steps.reversed()
      for _ in 0..<random.next() % UInt64(steps.count + 1) { self.steps.popLast()?(self) }
    }

    private func advance() {
      while random.next() % pace == 0, let step = steps.popLast() { step(self) }
    }

    func read() -> [UInt8] {
      reads += 1
      return bytes.indices.map { index in
        advance()
        return bytes[index]
      }
    }

    func hidden() -> [Range<Int64>] {
      advance()
      return plan
    }
  }

  /// Secrets of capital letters and line breaks, one within another, in a text without any.
  @Test func noPartOfASecretIsShown() throws {
    let values = ["ABCDEFGHIJ", "XXABCDEFGHIJYY", "FIRSTLINE\nSECONDLINE\nEND"].map {
      Array($0.utf8)
    }
    var hidden = 0
    for seed in 1...3_000 as ClosedRange<UInt64> {
      var random = Dice(state: seed)
      var text: [UInt8] = []
      for _ in 0..<random.next() % 6 {
        text += Array("some text \(random.next() % 1_000)\n".utf8.prefix(Int(random.next() % 20)))
        text += values[Int(random.next() % 3)]
      }
      let found = SecretMask.find(values, in: OutputPiece(bytes: text)).ranges
      let output = ChangingOutput(text, overwriting: found, seed: seed)
      let piece = try SteadyReading.piece(
        from: 0, { output.read() }, hidden: { output.hidden() })
      let findings = SecretMask.find(values, in: piece)
      let shown = SecretMask.masked(piece.bytes, findings.ranges)
      let said = String(decoding: shown, as: UTF8.self)
      #expect(!shown.contains { (65...90).contains($0) }, "seed \(seed): \(said)")
      #expect(findings.settled == piece.bytes.count)
      #expect(output.reads < SteadyReading.mostReads)
      if !piece.hidden.isEmpty { hidden += 1 }
    }
    #expect(hidden > 100)
  }

  /// What goes on changing is not shown, and the read ends.
  @Test func whatIsNeverSteadyIsHidden() throws {
    var number: UInt8 = 0
    let piece = try SteadyReading.piece(from: 10) {
      number &+= 1
      return [1, 2, number, 4, number, number]
    } hidden: {
      [0..<11]
    }
    #expect(piece.hidden == [0..<1, 2..<3, 4..<6])
  }

  @Test func whatHasGrownIsSteady() throws {
    var bytes: [UInt8] = [1, 2, 3]
    var reads = 0
    let piece = try SteadyReading.piece(from: 0) {
      reads += 1
      bytes.append(UInt8(reads))
      return bytes
    } hidden: {
      []
    }
    #expect(piece == OutputPiece(bytes: [1, 2, 3, 1]))
    #expect(reads == 2)
  }

  // MARK: On disk

  /// Half of it was overwritten when its monitor was killed.
  @Test func aPlanHidesWhatItNames() throws {
    let path = folder.write("<****ECRETVALUE>\n", to: "a@1.out")
    TestFile.write(Self.encoded([1..<14]), to: "\(folder.path)/a@1.mask")
    func shown(_ holdsSecrets: Bool) throws -> [UInt8] {
      try OutputReading.read(path, maxBytes: .max, holdsSecrets: holdsSecrets) {
        file throws(Errno) in
        let piece = try file.piece(from: 0, count: 100)
        return SecretMask.masked(
          piece.bytes, SecretMask.find([Array("SECRETVALUE".utf8)], in: piece).ranges)
      }
    }
    #expect(try shown(true) == Array("<***E>\n".utf8))
    #expect(try shown(false).count == 17)
  }

  /// What goes on behind a piece is not settled.
  @Test func aHiddenRangeIsShownAsOne() {
    let piece = OutputPiece(bytes: Array("abcdef".utf8), hidden: [1..<2, 4..<9])
    #expect(SecretMask.find([], in: piece, isEnd: false).settled == 4)
    let whole = SecretMask.find([], in: piece)
    #expect(whole.settled == 6)
    #expect(SecretMask.masked(piece.bytes, whole.ranges) == Array("a***cd***".utf8))
  }

  @Test func theNextOneCompletesWhatWasBegun() throws {
    let path = folder.write("<****ETVALUE>\nSECRETVALUE\n", to: "a@1.out")
    TestFile.write(Self.encoded([1..<12]), to: "\(folder.path)/a@1.mask")
    #expect(SecretScrubbing.scrub(path, of: [Array("SECRETVALUE".utf8)]))
    #expect(folder.contents(of: "a@1.out") == "<***********>\n***********\n")
    #expect(TestFile.names(in: folder.path) == ["a@1.out"])
  }

  /// A power loss can take the end of an output, and a plan that never became durable says nothing.
  @Test func aPlanBehindTheEndMakesNothingLonger() throws {
    let path = folder.write("some text <****", to: "a@1.out")
    TestFile.write(Self.encoded([2..<4, 11..<40, 50..<60]), to: "\(folder.path)/a@1.mask")
    #expect(SecretScrubbing.scrub(path, of: [Array("SECRETVALUE".utf8)]))
    #expect(folder.contents(of: "a@1.out") == "so** text <****")
    TestFile.write(Array(Self.encoded([2..<4]).dropLast()), to: "\(folder.path)/b@1.mask")
    let other = folder.write("some SECRETVALUE", to: "b@1.out")
    #expect(SecretScrubbing.scrub(other, of: [Array("SECRETVALUE".utf8)]))
    #expect(folder.contents(of: "b@1.out") == "some ***********")
    #expect(TestFile.names(in: folder.path).sorted() == ["a@1.out", "b@1.out"])
  }

  /// More ranges than one plan holds.
  @Test func anOutputFullOfSecretsIsScrubbed() throws {
    let line = "SECRETVALUE\n"
    let count = 80_000
    let path = folder.write(String(repeating: line, count: count), to: "a@1.out")
    #expect(SecretScrubbing.scrub(path, of: [Array("SECRETVALUE".utf8)]))
    #expect(
      TestFile.bytes(path) == Array(String(repeating: "***********\n", count: count).utf8))
    #expect(TestFile.names(in: folder.path) == ["a@1.out"])
  }
}
