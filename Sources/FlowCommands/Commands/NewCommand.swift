package import FlowCommandLine
import FlowSystem

/// `flow new`.
package struct NewCommand: Subcommand, Equatable {
  package static let syntax = CommandSyntax(
    name: "new", purpose: "print a commented workflow to start from",
    examples: [.init("flow new", "print it; send the output to a file, and edit that")],
    exitCodes: [.success, .usage])

  package init(_ arguments: ScannedArguments) {}

  package func perform(_ context: CommandContext) throws(CommandError) -> ExitCode {
    context.output.write(Self.text)
    return .success
  }

  /// Valid, and harmless to run.
  package static let text = ##"""
    # A workflow. "flow validate FILE" checks it, "flow run FILE" runs it.
    # All keys: Fixtures/Workflows/README.md in flow's sources.
    name: nightly
    description: What this is for.

    # What a run can be told: flow run -p day=2026-11-01 FILE
    params:
      day: {type: date, default: yesterday, help: the day to work on}

    # How values get to programs: as variables, or as elements of a "run" list.
    # They are never pasted into scripts.
    env:
      DAY: ${params.day}

    # For steps that do not say otherwise.
    defaults:
      timeout: 30m
      retry: {maxAttempts: 3, initialDelay: 10s}

    steps:
      # A text is a script. It ends at the first command that fails; with "shell: bash"
      # also at one within a pipe. $FLOW_RUN_DIR is a folder of this run alone.
      - id: fetch
        run: |
          echo "the rows of $DAY" > "$FLOW_RUN_DIR/rows"
          wc -l "$FLOW_RUN_DIR/rows"

      # A list is a program with its arguments, run without a shell.
      - id: check
        needs: fetch
        run: [echo, checking, "${params.day}"]

      # "exclusive", "cwd", "killGrace", "onLost", "probe" and others have sensible defaults.
      - id: notify
        needs: [fetch, check]
        run: echo "$DAY is done"
        allowFailure: true

    """##
}
