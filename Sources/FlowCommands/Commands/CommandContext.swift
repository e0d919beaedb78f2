import FlowCommandLine
import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import FlowText

/// The environment of commands: the runs, the storage, and where to print.
package struct CommandContext {
  let storage = LinuxStorage()
  let output = StandardStream.output()
  let errors = StandardStream.error()

  package init() {}

  /// The runs of this user.
  func home() throws(CommandError) -> RunHome<LinuxStorage> {
    do throws(HomeFolder.Problem) { return RunHome(try HomeFolder.path(), in: storage) } catch {
      switch error {
      case .unset: throw .noHome
      case .relative(let path, let error): throw .file(path, error)
      }
    }
  }

  func definition(_ path: String) throws(CommandError) -> DefinitionFile {
    do throws(DefinitionFileError) { return try DefinitionFile(path) } catch {
      throw .definition(error)
    }
  }

  func now() -> Moment { EventLoop.now() }

  /// Shows a running run on standard output, in the way that fits a terminal or a file.
  ///
  /// - Parameters:
  ///   - heartbeat: milliseconds between the signs of life in a file; zero for none.
  ///   - isVerbose: whether each item of a step has lines of its own in a file.
  func display(
    of outputs: AttemptOutputs, heartbeat: Int64 = Heartbeat.defaultMilliseconds,
    isVerbose: Bool = false
  ) -> any RunDisplay {
    guard let terminal = Terminal() else {
      return PlainDisplay(
        output, outputs, Heartbeat(everyMilliseconds: heartbeat), isVerbose: isVerbose)
    }
    return LiveDisplay(output, terminal, outputs, at: now())
  }

  /// Shows the run in the way that the options of the command ask for.
  ///
  /// - Parameter definition: nil where the history tells it.
  func display(
    of id: String, _ folder: RunFolder, isQuiet: Bool, json: Bool, heartbeat: Int64,
    isVerbose: Bool, _ definition: WorkflowDefinition? = nil
  ) -> any RunDisplay {
    let outputs = AttemptOutputs(runID: id, folder: folder)
    if isQuiet { return QuietDisplay(errors, outputs) }
    if json { return JSONDisplay(output, EventPrinter(runID: id, definition: definition)) }
    return display(of: outputs, heartbeat: heartbeat, isVerbose: isVerbose)
  }

  func warn(_ message: String) {
    errors.write("flow: \(TerminalText.escaped(message))\n")
  }
}
