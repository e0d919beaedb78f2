import FlowStorage
import FlowSystem

/// The destination of a document: a file that the user named, or standard output. It buffers only a
/// part of the document.
struct OutputSink: TextOutputStream {
  private enum Target {
    case standard(StandardStream)
    case file(OutputFile, path: String)
  }

  private let target: Target

  /// - Parameter path: nil means standard output.
  init(_ path: String?, _ context: CommandContext) throws(CommandError) {
    guard let path else {
      target = .standard(context.output)
      return
    }
    do throws(Errno) { target = .file(try OutputFile(path), path: path) } catch {
      throw .output(path, error)
    }
  }

  mutating func write(_ text: String) {
    switch target {
    case .standard(let stream):
      stream.write(text)
      stream.flushWhenLarge()
    case .file(let file, _): file.write(text)
    }
  }

  /// Gives a file its name.
  func finish() throws(CommandError) {
    switch target {
    case .standard: break
    case .file(let file, let path):
      do throws(Errno) { try file.finish() } catch { throw .output(path, error) }
    }
  }
}
