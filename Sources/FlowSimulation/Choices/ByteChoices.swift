/// Choices that a fuzzer's bytes make. After their end every choice is zero, so that shorter inputs
/// are quieter worlds.
package final class ByteChoices: ChoiceSource {
  private var rest: ArraySlice<UInt8>

  package init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  /// Takes as many bytes as the largest value needs, low byte first.
  package func choose(_ site: ChoiceSite, below count: Int) -> Int {
    precondition(count > 0, "a choice among \(count) at \(site)")
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while shift < 64 && UInt64(count - 1) >> shift > 0 {
      value |= UInt64(rest.popFirst() ?? 0) << shift
      shift += 8
    }
    return Int(value % UInt64(count))
  }

  /// Takes one byte, so that nothing is too unlikely for a fuzzer.
  package func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    Int(rest.popFirst() ?? 0) >= 256 - max(1, chances * 256 / 1_000)
  }
}
