import FlowCommandLine
import FlowCore
import Testing

@testable import FlowCommands

@Suite struct TimestampTests {
  /// The expected texts are those of `date -u -d @SECONDS`.
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z", "19700101T000000"),
      (1_795_227_543_120_999, "2026-11-21T02:19:03.120Z", "20261121T021903"),
      (-1, "1969-12-31T23:59:59.999Z", "19691231T235959"),
      (-1_000, "1969-12-31T23:59:59.999Z", "19691231T235959"),
      (-1_001, "1969-12-31T23:59:59.998Z", "19691231T235959"),
      (951_782_400_000_000, "2000-02-29T00:00:00.000Z", "20000229T000000"),
      (951_868_799_999_999, "2000-02-29T23:59:59.999Z", "20000229T235959"),
      (951_868_800_000_000, "2000-03-01T00:00:00.000Z", "20000301T000000"),
      (4_107_542_399_000_000, "2100-02-28T23:59:59.000Z", "21000228T235959"),
      (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z", "21000301T000000"),
      (1_709_251_199_000_000, "2024-02-29T23:59:59.000Z", "20240229T235959"),
      (-2_208_988_800_000_000, "1900-01-01T00:00:00.000Z", "19000101T000000"),
      (-62_167_219_200_000_000, "0000-01-01T00:00:00.000Z", "00000101T000000"),
      (253_402_300_799_999_999, "9999-12-31T23:59:59.999Z", "99991231T235959"),
    ] as [(Int64, String, String)])
  func momentsHaveTheirDates(microseconds: Int64, rfc3339: String, compact: String) {
    let timestamp = Timestamp(WallTime(microseconds: microseconds))
    #expect(timestamp.rfc3339 == rfc3339)
    #expect(timestamp.compact == compact)
    #expect(rfc3339.contains("T\(timestamp.timeOfDay)Z"))
  }

  @Test func whatFourDigitsCannotSayIsTheNearestThatTheyCan() {
    for early in [Int64.min, -62_167_219_200_000_001] {
      #expect(
        Timestamp(WallTime(microseconds: early)).rfc3339 == "0000-01-01T00:00:00.000Z")
    }
    for late in [Int64.max, 253_402_300_800_000_000] {
      #expect(Timestamp(WallTime(microseconds: late)).rfc3339 == "9999-12-31T23:59:59.999Z")
    }
  }

  /// Against a calendar that counts day by day.
  @Test func everyDayOfAnEraFollowsTheOneBefore() {
    let monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    var year = 1900
    var month = 1
    var day = 1
    for days in Int64(-25_567)..<Int64(-25_567 + 146_097) {
      let text = Timestamp(WallTime(microseconds: days * 86_400_000_000)).compact
      let expected: Int = year * 10_000 + month * 100 + day
      #expect(Int(text.prefix(8)) == expected)
      let isLeap: Bool = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
      day += 1
      if day > monthLengths[month - 1] + (isLeap && month == 2 ? 1 : 0) {
        day = 1
        month += 1
      }
      if month > 12 {
        month = 1
        year += 1
      }
    }
  }

  @Test(
    arguments: [
      (0, "0ms"), (999, "0ms"), (1_000, "1ms"), (340_000, "340ms"), (999_999, "999ms"),
      (1_000_000, "1s"), (1_099_999, "1s"), (4_200_000, "4.2s"), (59_999_999, "59.9s"),
      (60_000_000, "1m00s"), (187_000_000, "3m07s"), (3_599_999_999, "59m59s"),
      (3_600_000_000, "1h00m"), (7_500_000_000, "2h05m"), (360_000_000_000, "100h00m"),
      (-1, "0ms"), (Int64.min, "0ms"), (Int64.max, "2562047788h00m"),
    ] as [(Int64, String)])
  func durationsAreShort(microseconds: Int64, text: String) {
    #expect(DurationText.of(microseconds: microseconds) == text)
  }

  @Test(
    arguments: [
      (0, 5, 5), (5, 0, 0), (Int64.min, Int64.max, Int64.max), (Int64.max, Int64.min, 0),
    ] as [(Int64, Int64, Int64)])
  func aClockThatWasSetBackMeasuresNothing(start: Int64, end: Int64, span: Int64) {
    #expect(
      DurationText.microseconds(
        from: WallTime(microseconds: start), to: WallTime(microseconds: end)) == span)
  }
}
