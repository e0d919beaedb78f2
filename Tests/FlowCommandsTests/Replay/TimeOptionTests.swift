import FlowCore
import Testing

@testable import FlowCommandLine
@testable import FlowCommands

@Suite struct TimeOptionTests {
  @Test(
    arguments: [
      ("0s", .sinceStart(0)), ("340ms", .sinceStart(340_000)), ("4.2s", .sinceStart(4_200_000)),
      ("3m07s", .sinceStart(187_000_000)), ("2h05m", .sinceStart(7_500_000_000)),
      ("1d", .sinceStart(86_400_000_000)), ("90s", .sinceStart(90_000_000)),
      ("02:19:03", .timeOfDay(8_343_000_000)), ("02:19:03.12", .timeOfDay(8_343_120_000)),
      ("1970-01-01T00:00:00Z", .moment(0)), ("1970-01-01T00:00:00.000001Z", .moment(1)),
      ("2026-11-21T02:19:03.120Z", .moment(1_795_227_543_120_000)),
      ("2000-02-29T00:00:00Z", .moment(951_782_400_000_000)),
      ("1969-12-31T23:59:59Z", .moment(-1_000_000)),
    ] as [(String, TimeOption)])
  func everyFormIsUnderstood(text: String, time: TimeOption) {
    #expect(TimeOption(text) == time)
  }

  @Test(arguments: [
    "", "s", "5", "5x", "-5s", "+5s", "1.5m", "1.s", ".5s", "1.0000001s", "99999999999s",
    "999999999d", "5s ", "٣s", "2:19:03", "24:00:00", "02:60:00", "02:19:60", "02:19", "02:19:03.",
    "2026-11-21", "2026-11-21T02:19:03", "2026-13-21T02:19:03Z", "2026-11-32T02:19:03Z",
    "2026-11-21T02:19:03+01:00", "2026-11-21T02:19:03ZZ", "26-11-21T02:19:03Z", "T", "TZ",
    "latest\u{1B}",
  ])
  func nothingElseIs(text: String) {
    #expect(TimeOption(text) == nil)
  }

  @Test(
    arguments: [
      0, 951_782_400_000_000, 951_868_799_999_000, 1_795_227_543_120_000, 4_107_542_399_000_000,
      -2_208_988_800_000_000, 253_402_300_799_999_000,
    ] as [Int64])
  func aTimestampReadsAsItWasWritten(microseconds: Int64) {
    let text = Timestamp(WallTime(microseconds: microseconds)).rfc3339
    #expect(TimeOption(text) == .moment(microseconds))
  }

  @Test func aTimeOfDayIsTheFirstSinceTheStart() {
    let day: Int64 = 86_400_000_000
    let start = WallTime(microseconds: 10 * day + 3_600_000_500)
    func wall(_ text: String) -> Int64? {
      TimeOption(text)?.wall(start: start)?.microseconds
    }
    #expect(wall("02:00:00") == 10 * day + 7_200_000_000)
    #expect(wall("00:59:59") == 11 * day + 3_599_000_000)
    // The run began in this very millisecond.
    #expect(wall("01:00:00.000") == 10 * day + 3_600_000_000)
    #expect(wall("5s") == nil)
    let early = WallTime(microseconds: -1)
    #expect(TimeOption("23:59:59.999")?.wall(start: early)?.microseconds == -1_000)
  }
}
