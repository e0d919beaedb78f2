/// The processes of a round that it did not start itself. All are descendants of the round; launchers and
/// monitors are recognised by their names.
struct FlowProcesses {
  private(set) var launchers: [Descendant] = []
  private(set) var monitors: [Descendant] = []
  /// Detached engines.
  private(set) var engines: [Descendant] = []
  /// Processes of steps.
  private(set) var steps: [Descendant] = []

  /// Whether no process of flow is left.
  var isWithoutFlow: Bool { launchers.isEmpty && monitors.isEmpty && engines.isEmpty }

  /// - Parameters:
  ///   - flow: the path of the program.
  ///   - own: processes that the round started itself.
  init(flow: String, own: Set<Int32>, among all: [Descendant] = Descendant.all()) {
    for process in all where !process.hasEnded && !own.contains(process.process) {
      if process.program != flow {
        steps.append(process)
      } else if process.name == "flow: launcher" {
        launchers.append(process)
      } else if process.name == "flow: monitor" {
        monitors.append(process)
      } else {
        engines.append(process)
      }
    }
    // A forked child has its parent's name at first: a launcher's child is a monitor, and a monitor's child
    // will be a step.
    let forking = Set(launchers.map(\.process))
    monitors += launchers.filter { forking.contains($0.parent) }
    launchers.removeAll { forking.contains($0.parent) }
    let parents = Set(monitors.map(\.process))
    monitors.removeAll { parents.contains($0.parent) }
  }

  /// The attempt of a monitor, by the attempt record that it has open.
  static func attempt(of monitor: Descendant) -> AttemptName? {
    guard let path = monitor.openFiles.first(where: { $0.hasSuffix(".rec") }) else { return nil }
    let name = path.dropLast(4).split(separator: "/").last
    return name.flatMap { RoundFolder.attempt(String($0)) }
  }

  /// The attempt of a step's process, by its environment, or by its arguments if it has none.
  static func owner(of process: Descendant) -> Straggler.Owner {
    let environment = process.environment
    func value(_ name: String) -> String? {
      environment.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }
    if let step = value("FLOW_STEP_ID"), let number = value("FLOW_ATTEMPT").flatMap({ Int($0) }) {
      return .step(AttemptName(step, number), hasEnvironment: true)
    }
    let words = process.arguments
    if words.count > 5, words[1] == "child", let number = Int(words[5]) {
      return .step(AttemptName(words[4], number), hasEnvironment: false)
    }
    return .unknown
  }
}
