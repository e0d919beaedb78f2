import FlowCommandLine
import FlowCore
import FlowSimulation

/// The totals of the explorations of all workflows up to a size, and what they prove.
struct ExplorationTotals {
  let subjects: [Exploration.Subject]
  private let steps: Int
  private let bounds: Exploration.Bounds
  /// How many subjects were explored to the end: the first ones.
  private var finished = 0
  private var worlds = 0
  private var counts = ExploringChoices.Counts()
  private var traceHash: UInt64 = 0

  init(steps: Int, _ bounds: Exploration.Bounds) {
    self.steps = steps
    self.bounds = bounds
    subjects = (1...steps).flatMap { Exploration.Subject.all(steps: $0, bounds) }
  }

  /// Adds an exploration that is done, or that the time limit ended.
  mutating func add(_ exploration: Exploration) {
    if exploration.isDone { finished += 1 }
    worlds += exploration.worlds
    counts += exploration.counts
    traceHash = SplitMix64.hash(traceHash, exploration.traceHash)
  }

  private var isComplete: Bool { finished == subjects.count }

  private static func shapes(of subjects: some Sequence<Exploration.Subject>) -> Int {
    var last: WorkflowShape?
    var count = 0
    for subject in subjects where subject.shape != last {
      count += 1
      last = subject.shape
    }
    return count
  }

  // MARK: For people

  func text(of exploration: Exploration) -> String {
    "\(exploration.subject): \(Self.text(of: exploration.counts)),"
      + " \(Plural.of(exploration.worlds, "world"))\n"
  }

  private static func text(of counts: ExploringChoices.Counts) -> String {
    Plural.of(counts.moments.reduce(0, +), "moment") + ", " + Plural.of(counts.images, "image")
  }

  /// The progress of a long exploration, on one line.
  func progress(_ exploration: Exploration, elapsedMicroseconds elapsed: Int64) -> String {
    let all = worlds + exploration.worlds
    return "\(DurationText.of(microseconds: elapsed)): \(finished) of \(subjects.count) done;"
      + " \(exploration.subject): \(Plural.of(exploration.worlds, "world")),"
      + " \(Self.rate(all, elapsed)) worlds a second"
  }

  private static func rate(_ worlds: Int, _ elapsed: Int64) -> Int64 {
    Int64(worlds) * 1_000_000 / max(elapsed, 1)
  }

  func text(elapsedMicroseconds elapsed: Int64) -> String {
    var text = "\n"
    for (deaths, count) in counts.moments.enumerated() {
      let engine = deaths == 0 ? "the first engine" : "the next engine, after \(deaths) died,"
      text += "\(Plural.of(count, "moment")) at which \(engine) dies\n"
    }
    text += "\(Plural.of(counts.images, "image")) of the disk after a power loss"
    text += counts.ways == .max ? "\n" : ", from \(counts.ways) ways to lose what was not synced\n"
    text += "\(Plural.of(worlds, "world")) in \(DurationText.of(microseconds: elapsed)),"
    text += " \(Self.rate(worlds, elapsed)) a second, trace \(String(traceHash, radix: 16))\n"
    return text + (isComplete ? "proven \(statement)\n" : shortfall)
  }

  private var shortfall: String {
    var text =
      "not complete: the time limit ended it. Every property held in what was explored. Left out:\n"
    let left = subjects[finished...]
    for (index, subject) in left.prefix(Self.shownSubjects).enumerated() {
      text += "  \(index == 0 ? "the rest of " : "")\(subject)\n"
    }
    let others = left.count - Self.shownSubjects
    if others > 0 { text += "  and \(others) more\n" }
    guard finished > 0, let last = subjects[..<finished].last else { return text }
    let size = last.shape.needs.count
    let isWholeSize = left.first.map { $0.shape.needs.count > size } ?? true
    let complete = isWholeSize ? size : size - 1
    if complete == 0 { return text }
    var smaller = ExplorationTotals(steps: complete, bounds)
    smaller.finished = smaller.subjects.count
    return text + "proven \(smaller.statement)\n"
  }

  private static let shownSubjects = 8

  /// What holds once everything was explored.
  private var statement: String {
    let shapes = Self.shapes(of: subjects)
    let which =
      shapes == 1
      ? "for the workflow of 1 step" : "for all \(shapes) workflows of up to \(steps) steps"
    let ends = "every property holds and the run ends"
    let failures =
      bounds.failures == 0
      ? "" : "whichever commands fail, up to \(bounds.failures) in a world, and "
    if bounds.crashes == 0 { return "\(which): \(failures)where no engine dies, \(ends)" }
    let disk = bounds.tier == .ordered ? "an ordered disk" : "a disk that orders nothing"
    let apart =
      switch bounds.apart {
      case .max: ""
      case 0: " (all or nothing)"
      case 1: " (all or nothing, but for at most 1 file or folder)"
      default: " (all or nothing, but for at most \(bounds.apart) files and folders)"
      }
    let again =
      switch bounds.crashes {
      case 1: ""
      case 2: ", and wherever the next one dies"
      default: ", and wherever the next ones die, \(bounds.crashes) deaths in all"
      }
    return "\(which): \(failures)wherever the engine dies, by a kill or with the machine,"
      + " whatever \(disk) kept of what was not synced\(apart)\(again), \(ends)"
  }

  // MARK: For programs

  func json(of exploration: Exploration) -> String {
    ReportJSON.line { writer in
      writer.member("workflow", "\(exploration.subject.shape)")
      writer.member("jobs", exploration.subject.jobs)
      Self.members(
        exploration.counts, worlds: exploration.worlds, exploration.traceHash, &writer)
    }
  }

  func json(elapsedMicroseconds elapsed: Int64) -> String {
    ReportJSON.line { writer in
      writer.member("steps", steps)
      writer.member("crashes", bounds.crashes)
      writer.member("tier", bounds.tier.rawValue)
      writer.member("apart", bounds.apart == .max ? nil : bounds.apart)
      writer.member("failures", bounds.failures)
      writer.member("complete", isComplete)
      writer.member("workflows", Self.shapes(of: subjects))
      writer.member("explorations", subjects.count)
      writer.member("finished", finished)
      Self.members(counts, worlds: worlds, traceHash, &writer)
      writer.member("elapsedUs", elapsed)
      writer.member("proven", isComplete ? statement : nil)
    }
  }

  private static func members(
    _ counts: ExploringChoices.Counts, worlds: Int, _ hash: UInt64, _ writer: inout JSONWriter
  ) {
    writer.key("moments")
    writer.array { writer in
      for count in counts.moments { writer.integer(count) }
    }
    writer.member("images", counts.images)
    writer.member("ways", counts.ways == .max ? nil : counts.ways)
    writer.member("worlds", worlds)
    writer.member("trace", String(hash, radix: 16))
  }
}
