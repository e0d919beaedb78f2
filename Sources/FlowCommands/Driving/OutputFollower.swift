import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// Prints the output of attempts as it grows. Of attempts that run side by side, whole lines follow
/// each other under headings that name the attempt.
struct OutputFollower {
  /// Nil for all steps.
  private let step: String?
  private let output: StandardStream
  private let secrets = KnownSecrets()
  /// Attempts whose output is not known to be complete, in the order of their starts.
  private var open: [Source] = []
  private var heading: AttemptID?

  private struct Source {
    let attempt: AttemptID
    let id: String
    var offset: Int64 = 0
    /// What was printed last; nil before anything was.
    var lastByte: UInt8?
    var hasEnded = false
    var escaper: OutputEscaper?
  }

  init(_ step: String?, _ output: StandardStream) {
    self.step = step
    self.output = output
  }

  /// - Parameter events: what is new in the history; the output may have grown without any.
  mutating func take(
    _ events: [Event], _ state: RunState, in folder: RunFolder
  ) throws(CommandError) {
    if let step { _ = try state.definition.index(ofStep: step, runID: state.created.runID) }
    for event in events { take(event, state) }
    for index in open.indices { try copy(index, state, in: folder) }
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

  private mutating func copy(
    _ index: Int, _ state: RunState, in folder: RunFolder
  ) throws(CommandError) {
    let source = open[index]
    let path = folder.output(
      ofStep: state.definition.fileID(ofStep: Int(source.attempt.step)),
      attempt: source.attempt.number)
    var news: [UInt8] = []
    var next = source.offset
    let settings = state.definition.settings(ofStep: Int(source.attempt.step))
    do throws(Errno) {
      try OutputReading.read(path, of: settings) { (file) throws(Errno) in
        // Only whole lines, so that the output of another attempt never begins within one. An
        // attempt's last line may have no end.
        (news, next) = try MaskedOutput(
          file: file, secrets: secrets.values(of: state), isWhole: source.hasEnded
        ).news(
          from: source.offset, inLines: step == nil
        ) { byteCount, before in
          Array(DiscardedText.line(byteCount, after: before ?? source.lastByte).utf8)
        }
      }
    } catch .noSuchFile {
      return
    } catch {
      throw .run(.storage(StorageError(.read, path, error)))
    }
    if news.isEmpty { return }
    open[index].offset = next
    open[index].lastByte = news.last
    if step == nil && heading != source.attempt {
      output.write("==> \(TerminalText.escaped(source.id))#\(source.attempt.number) <==\n")
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
