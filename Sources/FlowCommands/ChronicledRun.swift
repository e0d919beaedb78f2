import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem

/// A run with all that its history tells, as far as that can be read: what the commands that explain
/// and export begin with.
struct ChronicledRun {
  let view: RunView
  let folder: RunFolder
  /// Why the history could not be read to its end; what was read before it stands.
  let problem: CommandError?

  /// - Parameter name: an id, a unique beginning of one, or `latest`.
  init(named name: String, _ context: CommandContext) throws(CommandError) {
    let home = try context.home()
    let bootID: String
    do throws(Errno) { bootID = try ProcessFacts.bootID() } catch {
      throw .system("tell which boot this is", error)
    }
    do throws(RunError) {
      let id = try home.resolve(name)
      let folder = home.folder(of: id)
      self.folder = folder
      var reader = try RunReader(folder, in: home.storage, bootID: bootID)
      var chronicle = RunChronicle()
      var problem: CommandError?
      do throws(RunError) { try reader.read(into: &chronicle) } catch { problem = .run(error) }
      self.problem = problem
      view = RunView(
        chronicle, runID: id, isHeld: reader.isHeld, engineProcessID: reader.engineProcessID,
        now: context.now(), bootID: bootID)
    } catch {
      throw .run(error)
    }
  }

  /// Hands over the history once more, up to where it was read.
  func forEachEvent(
    _ context: CommandContext, _ body: (Event) -> Void
  ) throws(CommandError) {
    let home = try context.home()
    do throws(RunError) {
      var reader = try RunReader(folder, in: home.storage)
      while let event = try reader.next() {
        if event.sequence > view.chronicle.lastSequence { return }
        body(event)
      }
    } catch {
      throw .run(error)
    }
  }
}
