import FlowCommandLine
import FlowCore
import FlowLog
import FlowRuntime
import FlowSystem
import FlowText

/// What commands work with: the runs, and where to print.
package struct CommandContext {
  let storage = LinuxStorage()
  let output = StandardStream.output()
  let errors = StandardStream.error()

  package init() {}

  /// The runs of this user.
  func home() throws(CommandError) -> RunHome<LinuxStorage> {
    RunHome(try HomeFolder.path(), in: storage)
  }

  func definition(_ path: String) throws(CommandError) -> DefinitionFile {
    do throws(DefinitionFileError) { return try DefinitionFile(path) } catch {
      throw .definition(error)
    }
  }

  func now() -> Moment { EventLoop.now() }

  /// What shows a run that goes on to whoever reads standard output.
  func display(of outputs: AttemptOutputs) -> any RunDisplay {
    guard let terminal = Terminal() else { return PlainDisplay(output, outputs) }
    return LiveDisplay(output, terminal, outputs, at: now())
  }

  /// What shows the run in the way that the options of the command ask for.
  ///
  /// - Parameter definition: nil where the history tells it.
  func display(
    of id: String, _ folder: RunFolder, isQuiet: Bool, json: Bool,
    _ definition: WorkflowDefinition? = nil
  ) -> any RunDisplay {
    if isQuiet { return NoDisplay() }
    if json { return JSONDisplay(output, EventPrinter(runID: id, definition: definition)) }
    return display(of: AttemptOutputs(runID: id, folder: folder))
  }

  func warn(_ message: String) {
    errors.write("flow: \(TerminalText.escaped(message))\n")
  }
}

/// Where the runs of a user are: `$FLOW_HOME`, else `$XDG_STATE_HOME/flow`, else
/// `~/.local/state/flow` (XDG Base Directory Specification 0.8).
enum HomeFolder {
  static func path() throws(CommandError) -> String {
    if let home = variable("FLOW_HOME") { return try absolute(home) }
    // The specification has relative paths ignored.
    if let state = variable("XDG_STATE_HOME"), state.hasPrefix("/") { return "\(state)/flow" }
    if let home = variable("HOME"), home.hasPrefix("/") { return "\(home)/.local/state/flow" }
    throw .noHome
  }

  private static func variable(_ name: String) -> String? {
    ProcessFacts.environmentValue(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  static func absolute(_ path: String) throws(CommandError) -> String {
    if path.hasPrefix("/") { return path }
    do throws(Errno) { return "\(try ProcessFacts.currentDirectory())/\(path)" } catch {
      throw .file(path, error)
    }
  }
}
