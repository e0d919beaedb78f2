import FlowCommandLine

/// A workflow whose steps make files, and what is done to the processes of its runs. Follows from the seed
/// alone.
package struct FilesPlan: Equatable, Sendable {
  package struct Step: Equatable, Sendable {
    package let id: String
    package let needs: [Int]
    /// How many files it declares, and how many are in a folder that it declares; zero for no folder.
    package let files: Int
    package let inFolder: Int
    /// How many lines each has, which say who has made it.
    package let lines: Int
    /// How many attempts fail at first.
    package let failures: Int

    /// The declared files.
    package var paths: [String] { (0..<files).map { "\(id)/f\($0)" } }
    package var folder: String? { inFolder > 0 ? "\(id)/d" : nil }
    package var declared: [String] { paths + (folder.map { ["\($0)/"] } ?? []) }
  }

  package enum Disturbance: Equatable, Sendable {
    case killEngine, killLauncher, killMonitors
    /// Those alone whose monitors say so, or with their monitors.
    case killPublishers(monitorsToo: Bool)
    /// All of flow; commands of steps too.
    case killAll(steps: Bool)
    case cancel
    case cutPower(PowerCut)
  }

  package struct Beat: Equatable, Sendable {
    /// Whether it first waits, for a limited time, until something is published.
    package let awaitsPublication: Bool
    package let pauseMicroseconds: Int
    package let disturbance: Disturbance
  }

  package let seed: UInt64
  package let jobs: Int
  package let steps: [Step]
  /// What is done to each of the runs, which work one after the other in one folder.
  package let runs: [[Beat]]
  /// The file system of that folder and of the runs, if the power is cut.
  package let image: ImagePlan?

  static func draw(seed: UInt64, mayCut: Bool) -> FilesPlan {
    var dice = Dice(seed: seed)
    let image: ImagePlan? = dice.happens(30) && mayCut ? .draw(&dice) : nil
    let steps = (0..<dice.within(1...5)).map { index in
      Step(
        id: "s\(index)", needs: (0..<index).filter { _ in dice.happens(40) },
        files: dice.within(1...3), inFolder: dice.happens(60) ? dice.scaled(1, 30) : 0,
        lines: dice.scaled(1, 20_000), failures: dice.happens(20) ? dice.within(1...2) : 0)
    }
    let runs = (0..<dice.within(1...3)).map { _ in
      (0..<dice.within(2...16)).map { _ in drawBeat(&dice, cuts: image != nil) }
    }
    return FilesPlan(seed: seed, jobs: dice.within(1...4), steps: steps, runs: runs, image: image)
  }

  private static func drawBeat(_ dice: inout Dice, cuts: Bool) -> Beat {
    let disturbance: Disturbance = dice.weighted([
      (20, .killEngine), (4, .killLauncher), (20, .killMonitors),
      (10, .killPublishers(monitorsToo: false)), (20, .killPublishers(monitorsToo: true)),
      (12, .killAll(steps: dice.happens(50))), (2, .cancel),
      (cuts ? 40 : 0, .cutPower(.draw(&dice))),
    ])
    return Beat(
      awaitsPublication: dice.happens(85), pauseMicroseconds: dice.scaled(50, 40_000),
      disturbance: disturbance)
  }
}

// MARK: The workflow

extension FilesPlan {
  /// - Parameter folder: in which the steps work.
  func text(folder: String, ledger: String) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("name", "files")
      json.member("jobs", jobs)
      json.key("steps")
      json.array { json in
        for step in steps {
          json.object { json in
            json.member("id", step.id)
            json.key("needs")
            json.array { json in for need in step.needs { json.string(steps[need].id) } }
            json.member("cwd", folder)
            json.key("files")
            json.array { json in for path in step.declared { json.string(path) } }
            json.key("retry")
            json.object { json in
              json.member("maxAttempts", 20)
              json.member("initialDelay", "0ms")
            }
            json.member("run", script(of: step, ledger))
          }
        }
      }
    }
    json.endLine()
    return json.take()
  }

  /// Its lines in the ledger: it begins; it has found files of a need that are of no attempt of this run; it
  /// has made everything.
  private func script(of step: Step, _ ledger: String) -> String {
    let needed = step.needs.map { steps[$0] }.flatMap { need in
      (need.paths + (need.folder.map { ["\($0)/0"] } ?? [])).map { path in
        #"""
        read -r run id attempt < \#(path)
        [ "$run $id" = "$FLOW_RUN_ID \#(need.id)" ] || echo "early $who" >> \#(ledger)
        """#
      }
    }
    let made = step.paths + (0..<step.inFolder).map { "\(step.id)/d/\($0)" }
    return #"""
      who="$FLOW_RUN_ID $FLOW_STEP_ID $FLOW_ATTEMPT"
      echo "start $who" >> \#(ledger)
      \#(needed.joined(separator: "\n"))
      cd "$FLOW_STAGE" || exit 9
      for file in \#(made.joined(separator: " ")); do yes "$who" | head -n \#(step.lines) > $file; done
      [ $FLOW_ATTEMPT -gt \#(step.failures) ] || exit 1
      echo "made $who" >> \#(ledger)
      """#
  }
}
