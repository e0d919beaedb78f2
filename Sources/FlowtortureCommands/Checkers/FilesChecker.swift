import FlowStorage
import FlowSystem

/// Checks `Property.files`: looks at what is in place, while it is put there and when a run has ended.
struct FilesChecker {
  private let plan: FilesPlan
  private let folder: RoundFolder
  var problems: [String] = []
  /// What was found last, by path.
  private var seen: [String: Maker] = [:]
  /// What commands have noted before they succeeded.
  private var made: Set<Maker> = []
  /// Steps that were shown to have succeeded, by run.
  private var shown: [String: Set<String>] = [:]

  init(_ plan: FilesPlan, _ folder: RoundFolder) {
    self.plan = plan
    self.folder = folder
  }

  /// Where the steps work.
  var work: String { "\(folder.home)/work" }

  /// What a process that drives the run has printed.
  mutating func note(said text: String, of run: String) {
    for line in text.split(separator: "\n") {
      guard let event = try? HistoryEvent(String(line)),
        case .stepFinished(let step, outcome: "succeeded") = event.body
      else { continue }
      shown[run, default: []].insert(step)
    }
  }

  // MARK: While it runs

  private func found(_ step: FilesPlan.Step) -> [(path: String, found: FoundFile)] {
    let look = FilesLook(folder: work)
    var found = step.paths.map { ($0, look.file($0, lines: step.lines)) }
    if let folder = step.folder {
      found.append((folder, look.folder(folder, count: step.inFolder, lines: step.lines)))
    }
    return found
  }

  /// Each path is absent or whole, of a command that has succeeded, and never an older one than before.
  mutating func look() {
    for step in plan.steps {
      for (path, found) in found(step) {
        switch found {
        case .absent:
          if let before = seen[path] { problems.append("\(path), of \(before), is gone") }
        case .torn(let text): problems.append("\(path) is torn: \(text)")
        case .whole(let maker):
          if maker.step != step.id || !isMade(maker) {
            problems.append("\(path) is of \(maker), which has not succeeded")
          }
          if let before = seen[path], maker.isBefore(before) {
            problems.append("\(path) is of \(maker), and was of \(before)")
          }
          seen[path] = maker
        }
      }
    }
  }

  private mutating func isMade(_ maker: Maker) -> Bool {
    if !made.contains(maker) { made = Set(noted("made")) }
    return made.contains(maker)
  }

  private func noted(_ word: String) -> [Maker] {
    folder.text(folder.ledger).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      return words.first.map(String.init) == word ? Maker(words.dropFirst()) : nil
    }
  }

  /// What was not told to have succeeded may be as it was before.
  mutating func lookAfterCut() {
    seen = [:]
    look()
    for (run, steps) in shown {
      for step in plan.steps where steps.contains(step.id) {
        for (path, found) in found(step) {
          guard case .whole(let maker) = found, maker.run >= run else {
            problems.append(
              "\(path) is \(found) after a cut, and \(step.id) of \(run) had succeeded")
            continue
          }
        }
      }
    }
  }

  // MARK: The end

  /// - Parameter isTidy: whether an engine has seen the end of the run.
  mutating func check(_ status: StatusReport, of run: String, isTidy: Bool) {
    look()
    problems += noted("early").map { "\($0) began before the files were in place that it needs" }
    let started = noted("start").filter { $0.run == run }
    for step in plan.steps {
      guard status.steps.contains(where: { $0.id == step.id && $0.state == "succeeded" }) else {
        continue
      }
      guard let last = started.last(where: { $0.step == step.id }) else {
        problems.append("\(step.id) of \(run) has succeeded and never run")
        continue
      }
      for (path, found) in found(step) where found != .whole(last) {
        problems.append("\(path) is \(found), and \(last) was the last command")
      }
    }
    let left = entries("\(work)/.flow-stage").filter { $0.hasSuffix("-\(run)") }
    if isTidy, !left.isEmpty { problems.append("\(run) has left the stages \(left)") }
  }

  /// When no run is left: nothing but what is declared is.
  ///
  /// - Parameter wasCut: whether the power was. With it goes what says where a stage is, which stays then.
  mutating func checkRemoval(wasCut: Bool) {
    var left = entries(work).filter { name in !plan.steps.contains { $0.id == name } }
    if wasCut { left.removeAll { $0 == ".flow-stage" } }
    for step in plan.steps {
      let declared = step.declared.map { $0.split(separator: "/")[1] }
      left += entries("\(work)/\(step.id)").filter { !declared.contains(Substring($0)) }
    }
    if !left.isEmpty { problems.append("beside the files there are \(left)") }
  }

  private func entries(_ path: String) -> [String] {
    ((try? LinuxStorage().entries(of: path)) ?? []).sorted()
  }
}
