import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// Prints what attempts write, as they write it. Where attempts run side by side, whole lines of
/// them follow each other under a heading that says whose they are.
struct OutputFollower {
  /// Nil for all steps.
  private let step: String?
  private let output: StandardStream
  /// Attempts whose output is not known to be complete, in the order of their starts.
  private var open: [Source] = []
  private var heading: AttemptID?

  private struct Source {
    let attempt: AttemptID
    let id: String
    var offset: Int64 = 0
    var hasEnded = false
    var escaper: OutputEscaper?
  }

  init(_ step: String?, _ output: StandardStream) {
    self.step = step
    self.output = output
  }

  /// - Parameter events: what is new in the history; the output may have grown without.
  mutating func take(
    _ events: [Event], _ state: RunState, in folder: RunFolder
  ) throws(CommandError) {
    if let step, !state.definition.steps.contains(where: { $0.id == step }) {
      throw .noSuchStep(
        step, runID: state.created.runID,
        suggestion: Suggestion.nearest(to: step, among: state.definition.steps.map(\.id)))
    }
    for event in events { take(event, state) }
    for index in open.indices { try copy(index, in: folder) }
    open.removeAll { $0.hasEnded }
  }

  private mutating func take(_ event: Event, _ state: RunState) {
    switch event.body {
    case .attemptLaunched(let attempt, _), .attemptFound(let attempt, .running):
      begin(attempt, state)
    case .attemptEnded(let attempt, _):
      begin(attempt, state)
      if let index = open.firstIndex(where: { $0.attempt == attempt }) {
        open[index].hasEnded = true
      }
    default: break
    }
  }

  private mutating func begin(_ attempt: AttemptID, _ state: RunState) {
    let id = state.definition.steps[Int(attempt.step)].id
    guard step == nil || step == id, !open.contains(where: { $0.attempt == attempt }) else {
      return
    }
    open.append(
      Source(attempt: attempt, id: id, escaper: output.isTerminal ? OutputEscaper() : nil))
  }

  private mutating func copy(_ index: Int, in folder: RunFolder) throws(CommandError) {
    let source = open[index]
    let path = folder.output(ofStep: source.id, attempt: source.attempt.number)
    var news: [UInt8] = []
    do throws(Errno) {
      try FileReading.forEachPiece(of: path, from: source.offset) { news += $0 }
    } catch .noSuchFile {
      return
    } catch {
      throw .run(.storage(StorageError(.read, path, error)))
    }
    // Another's output must not begin within a line, but for the last one, which may have no end.
    if !source.hasEnded, step == nil {
      guard let end = news.lastIndex(of: UInt8(ascii: "\n")) else { return }
      news.removeSubrange((end + 1)...)
    }
    if news.isEmpty { return }
    open[index].offset += Int64(news.count)
    if step == nil && heading != source.attempt {
      output.write("==> \(source.id) #\(source.attempt.number) <==\n")
      heading = source.attempt
    }
    if let text = open[index].escaper?.escape(news) {
      output.write(text)
    } else {
      output.write(bytes: news)
    }
    if step == nil, news.last != UInt8(ascii: "\n") { output.write("\n") }
  }
}
