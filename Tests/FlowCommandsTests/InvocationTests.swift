import FlowCommandLine
import FlowCore
import Testing

@testable import FlowCommands

@Suite struct InvocationTests {
  private func command(_ line: String) throws(UsageError) -> (any Subcommand)? {
    let words = line.split(separator: " ").map(String.init)
    switch try Invocation(words, version: "1.2.3") {
    case .command(let command): return command
    case .text: return nil
    }
  }

  private func text(_ line: String) throws(UsageError) -> String? {
    let words = line.split(separator: " ").map(String.init)
    switch try Invocation(words, version: "1.2.3") {
    case .command: return nil
    case .text(let text): return text
    }
  }

  @Test func runTakesWhatItSays() throws {
    let run = try #require(
      try command("run --jobs 4 --run-id a -q --json x.json") as? RunCommand)
    #expect(run.file == "x.json")
    #expect(run.jobs == 4)
    #expect(run.runID == "a")
    #expect(run.isQuiet)
    #expect(run.json)
  }

  @Test func runLeavesOpenWhatIsNotSaid() throws {
    let run = try #require(try command("run x.json") as? RunCommand)
    #expect(run.jobs == nil)
    #expect(run.runID == nil)
    #expect(!run.isQuiet)
    #expect(!run.json)
  }

  @Test func theOtherCommandsTakeWhatTheySay() throws {
    let status = try #require(try command("status --json abc") as? StatusCommand)
    #expect(status.run == "abc" && status.json)
    #expect((try command("status") as? StatusCommand)?.run == nil)
    #expect((try command("status -w") as? StatusCommand)?.watch == true)
    #expect((try command("list --json") as? ListCommand)?.json == true)
    #expect((try command("list --waiting") as? ListCommand)?.isOfQuestions == true)
    let answer = try #require(
      try command("answer latest ok --approve --set a=b=c") as? AnswerCommand)
    #expect(answer.run == "latest" && answer.step == "ok" && answer.verdict == .approved)
    #expect((try command("answer r ok --reject") as? AnswerCommand)?.verdict == .rejected)
    let events = try #require(try command("events latest") as? EventsCommand)
    #expect(events.run == "latest" && !events.json)
    let logs = try #require(try command("logs latest build --attempt=2") as? LogsCommand)
    #expect(logs.run == "latest" && logs.step == "build" && logs.attempt == 2)
    let verify = try #require(try command("verify a ./b --repair --json") as? VerifyCommand)
    #expect(verify.names == ["a", "./b"] && verify.repair && verify.json && !verify.all)
    #expect((try command("verify --all") as? VerifyCommand)?.all == true)
    let prove = try #require(
      try command("prove x.json --all --max-size 9 --seed 3 --skip a -j 2") as? ProveCommand)
    #expect(prove.comparesAll && prove.mostMebibytes == 9 && prove.seed == 3 && prove.rounds == 4)
    let validate = try #require(try command("validate x.json") as? ValidateCommand)
    #expect(validate.file == "x.json" && !validate.json)
  }

  @Test func versionIsOneLine() throws {
    #expect(try text("--version") == "flow 1.2.3\n")
  }

  @Test func helpHasTwoSpellings() throws {
    #expect(try text("help") == text("--help"))
    #expect(try text("-h") == text("--help"))
    for command in Invocation.commands {
      let name = try #require(command.syntax.name)
      #expect(try text("help \(name)") == text("\(name) --help"))
      #expect(try text("\(name) -h") == HelpText.of(command.syntax))
    }
  }

  @Test(
    arguments: [
      ("", .noCommand),
      ("stauts", .unknownCommand("stauts", suggestion: "status")),
      ("launch x", .unknownCommand("launch", suggestion: nil)),
      ("help stauts", .unknownCommand("stauts", suggestion: "status")),
      ("--verson", .unknownOption("--verson", suggestion: "--version")),
      ("-x", .unknownOption("-x", suggestion: nil)),
    ] as [(String, UsageError.Reason)])
  func mistakesBeforeACommandAreNamed(line: String, reason: UsageError.Reason) {
    #expect(throws: UsageError(command: nil, reason)) { try command(line) }
  }

  @Test func mistakesWithinACommandNameIt() {
    #expect(throws: UsageError(command: "run", .missingArgument("FILE"))) { try command("run") }
    #expect(throws: UsageError(command: "verify", .missingArgument("RUN_OR_PATH"))) {
      try command("verify --json")
    }
    #expect(throws: UsageError(command: "verify", .superfluousArgument("a"))) {
      try command("verify --all a")
    }
    #expect(throws: UsageError(command: "status", .exclusiveOptions("--watch", "--json"))) {
      try command("status --watch --json")
    }
  }

  @Test func overview() throws {
    #expect(
      try text("--help") == """
        Usage: flow COMMAND [OPTION]... [ARGUMENT]...

        Run workflows of shell steps, with a durable history and recovery after crashes.

        Commands:
          run          create a run of a workflow and drive it to its end
          restart      resume a run whose engine is gone
          cancel       stop a run from any process
          answer       answer what a step asks
          status       show the state of a run and its steps
          wait         wait until runs have ended
          list         list all runs, most recent first
          events       print the history of a run, event by event
          logs         print the output of a run's steps
          why          explain why a run or a step waits, failed or took so long
          replay       rebuild a run's state at any point of its history
          report       write a report of a run as one HTML file
          export       export a run for other programs
          verify       check a run's log for damage and inconsistencies
          validate     check a workflow definition and print its plan
          prove        find out whether steps may be run again
          new          print a commented workflow to start from
          rm           remove finished runs, with their history and output
          schema       print the JSON Schema of workflow files, for editors
          completions  print a script that makes a shell complete command lines
          man          print a manual page
          help         show this overview, or the help of a command

        Options:
          -h, --help     show this help and exit
              --version  show the version and exit

        Exit codes:
          0  success
          1  the run failed
          2  the command line or the definition is invalid
          3  the run was cancelled
          4  the run is unfinished; its engine detached or was interrupted
          5  a history log is damaged: history is missing or wrong
          6  a system operation failed (storage, permissions)
          7  not started: another run has the id, or the group
          8  the run was written by a newer flow; upgrade to read it
          9  a history log has a torn or ambiguous tail; flow restart continues

        Run "flow COMMAND --help" for the options of a command.

        """)
  }

  @Test func helpOfACommand() throws {
    #expect(
      try text("run --help") == """
        Usage: flow run [OPTION]... FILE

        Create a run of a workflow and drive it to its end.

        Prints "run ID" first, then progress. Steps run in the folder of FILE, or, if
        that is a pipe (-, /dev/stdin, <(…)), in the folder of the caller.

        Exit code 4 means that the run has not ended: SIGTERM has told this process to
        detach, or it failed. Running steps continue, unless what sent the SIGTERM ends
        them too, as a reboot or the stop of a systemd unit does: such attempts are
        interrupted, which uses up no retry. "flow restart ID" resumes the run.

        --only, --from, --to and --skip take ids of steps, separated by commas, and may
        be given several times. --from with --to runs what both select; --only stands
        alone; --skip takes steps away. Other steps are skipped as "not selected" and
        hold up nothing, but order stays: what needs one runs after what that needs.
        --only and --skip take items of a step with forEach, too, as STEP/ITEM, and of
        a chain STEP/ITEM/STEP. An item that the list does not have fails the step.

        Arguments:
          FILE  the workflow definition, JSON or YAML; "-": standard input

        Options:
          -j, --jobs N            run at most N attempts at once (1 to 4096)
              --run-id ID         set the run's id (default: workflow name and time)
          -d, --detach            return once the run exists; it runs in the background
              --on-term WHAT      on SIGTERM: detach (running steps continue) or cancel
          -q, --quiet             print only failures, on standard error
              --verbose           print lines for each item of forEach, if no terminal
              --json              print each event as a line of JSON
              --heartbeat TIME    say what runs every TIME, if no terminal (5m; 0: off)
              --exclusive KEY     let one run of group KEY exist at a time
              --on-conflict WHAT  if one exists: fail, skip, queue, resume or replace
              --no-work-sync      leave it to steps to sync to disk what they write
              --no-cache          run cached steps whatever results they have
          -p, --param NAME=VALUE  set a parameter; again for each element of a list
              --params FILE       take parameters from FILE (YAML or JSON)
              --help-params       print the parameters of the workflow, and run nothing
              --dry-run           print the plan and the values, and write nothing
              --only STEPS        run these steps, and nothing that they need
              --from STEPS        run these steps, and all that needs them
              --to STEPS          run these steps, and all that they need
              --skip STEPS        leave these steps out
          -h, --help              show this help and exit

        Examples:
          flow run nightly.yaml                     run a workflow in the foreground
          flow run --jobs 4 nightly.yaml            at most four attempts at once
          flow run --detach nightly.yaml            run in the background
          flow run -p since=yesterday nightly.yaml  with a value for a parameter
          flow run --from load nightly.yaml         begin with step load
          flow run --exclusive etl etl.yaml         not beside another run of that group
          flow run --json nightly.yaml              one JSON object per event

        Exit codes:
          0  success
          1  the run failed
          2  the command line or the definition is invalid
          3  the run was cancelled
          4  the run is unfinished; its engine detached or was interrupted
          5  a history log is damaged: history is missing or wrong
          6  a system operation failed (storage, permissions)
          7  not started: another run has the id, or the group
          8  the run was written by a newer flow; upgrade to read it

        """)
  }

  @Test func everyDeclarationIsSound() {
    #expect(Set(Invocation.commands.map { $0.syntax.name }).count == Invocation.commands.count)
    for syntax in Invocation.commands.map({ $0.syntax }) {
      #expect(Set(syntax.options.map(\.name)).count == syntax.options.count, "\(syntax.name)")
      let shorts = syntax.options.compactMap(\.short)
      #expect(Set(shorts).count == shorts.count, "\(syntax.name)")
      #expect(!syntax.purpose.hasSuffix("."), "\(syntax.name)")
      for line in HelpText.of(syntax).split(separator: "\n") {
        #expect(line.count <= 80, "\(line)")
        #expect(!line.hasSuffix(" "), "\(line)")
      }
      for example in syntax.examples {
        let words = example.line.split(separator: " ").dropFirst().map(String.init)
        #expect(throws: Never.self, "\(example.line)") { try Invocation(words, version: "") }
      }
    }
  }

  @Test(arguments: [
    (RunOutcome.succeeded, Int32(0)), (.failed, 1), (.cancelled, 3),
  ])
  func theEndOfARunHasItsExitCode(outcome: RunOutcome, code: Int32) {
    #expect(ExitCode(outcome).rawValue == code)
  }
}
