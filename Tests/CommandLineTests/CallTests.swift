import FlowJSON
import Glibc
import TestSupport
import Testing

/// Runs of workflows that call other files.
struct CallTests {
  private static let deploy = """
    name: deploy
    params:
      to: {required: true}
    steps:
      - id: copy
        run: printf '%s' "$TO" > copied && pwd
        env: {TO: "to ${params.to}"}
      - id: check
        needs: copy
        run: ["cat", "copied"]
    """
  private static let release = """
    name: release
    params:
      host: {default: "a; touch pwned"}
    steps:
      - id: build
        run: echo built
      - id: deploy
        needs: build
        call: parts/deploy.yaml
        with: {to: "${params.host}"}
      - id: done
        needs: deploy
        run: echo done
    """

  private func home() -> Home {
    let home = Home()
    TestFile.makeFolder("\(home.folder.path)/parts")
    home.folder.write(Self.deploy, to: "parts/deploy.yaml")
    home.folder.write(Self.release, to: "release.yaml")
    return home
  }

  @Test func itsStepsRunInItsFolderWithWhatTheCallGives() async throws {
    let home = home()
    let run = try await home.flow(
      "run", "release.yaml", "--run-id", "r", "--quiet", in: home.folder.path)
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(try await home.logs("deploy/check", of: "r") == "to a; touch pwned")
    #expect(try await home.logs("deploy/copy", of: "r").hasSuffix("/parts\n"))
    #expect(!home.folder.has("pwned") && !home.folder.has("parts/pwned"))
    #expect(home.folder.has("home/runs/r/attempts/deploy+check@1.out"))
    let verified = try await home.flow("verify", "r")
    #expect(verified.ending == .exit(0) && !verified.output.contains("definition.json"))
    let status = try await home.flow("status", "r", "--json").output
    #expect(status.contains(#""deploy/to":"a; touch pwned""#))
  }

  /// What is known only while the run goes on: outputs that a call gives, ends of steps, and of the run.
  @Test func valuesOfTheRunReachTheCalledFileAndFinally() async throws {
    let home = Home()
    home.folder.write(
      """
      name: deploy
      params: {version: {required: true}, hosts: {type: list, required: true}}
      steps:
        - {id: copy, run: [printf, "<%s>", "v${params.version}", "${params.hosts}"]}
        - {id: each, needs: copy, forEach: {over: params.hosts}, run: [echo, "${item} ${params.version}"]}
        - {id: never, needs: copy, when: params.version == '3', run: [echo]}
      finally:
        - {id: off, needs: {step: copy, when: settled}, run: [echo, "${steps.copy.result} ${run.outcome}"]}
      """, to: "deploy.yaml")
    let file = home.folder.write(
      #"""
      name: w
      steps:
        - {id: scan, outputs: {version: string, hosts: lines}, run: 'echo "2; x" > $FLOW_OUTPUTS/version; printf "a\nb c\n" > $FLOW_OUTPUTS/hosts'}
        - {id: deploy, call: deploy.yaml, needs: scan, with: {version: "${steps.scan.version}", hosts: "${steps.scan.hosts}"}}
        - {id: bad, needs: deploy, run: exit 3}
        - {id: after, needs: {step: bad, when: settled}, run: [echo, "bad has ${steps.bad.result}"]}
      finally:
        - {id: end, run: echo "$O", env: {O: "it has ${run.outcome}"}}
      notify:
        - {on: failed, run: [echo, "told ${run.outcome}"]}
      """#, to: "w.yaml")
    let run = try await home.flow("run", file, "--run-id", "r", "--quiet")
    #expect(run.ending == .exit(1), "\(run.errors)")
    for (step, output) in [
      ("deploy/copy", "<v2; x><a><b c>"), ("deploy/each/b c", "b c 2; x\n"),
      ("deploy/off", "succeeded failed\n"), ("after", "bad has failed\n"),
      ("end", "it has failed\n"), ("notify/1", "told failed\n"),
    ] {
      #expect(try await home.logs(step, of: "r") == output, "\(step)")
    }
    let status = try await home.status("r")
    let never = status["steps"]?.elements.first { $0["id"]?.string == "deploy/never" }
    #expect(never?["state"]?.string == "skipped")
    #expect(try await home.flow("verify", "r").ending == .exit(0))
    #expect(try await home.flow("replay", "r", "--verify").ending == .exit(0))
  }

  /// A run cannot be told what a call gives.
  @Test func parametersOfACallAreNotProposed() async throws {
    let home = home()
    let words = try await home.flow(
      "__complete", "--", "run", "release.yaml", "-p", "", in: home.folder.path)
    #expect(words.output == "words\nhost=\tstring\n")
  }

  @Test func aCallCanBeNamedForAllOfItsSteps() async throws {
    let home = home()
    let run = try await home.flow(
      "run", "release.yaml", "--run-id", "r", "--quiet", "--skip", "deploy", in: home.folder.path)
    #expect(run.ending == .exit(0), "\(run.errors)")
    let status = try await home.status("r")
    #expect(
      status.state(of: "deploy/check") == "skipped" && status.state(of: "done") == "succeeded")
    let again = try await home.flow(
      "run", "release.yaml", "--run-id", "s", "--quiet", "--to", "deploy", in: home.folder.path)
    #expect(again.ending == .exit(0), "\(again.errors)")
    #expect(try await home.status("s").state(of: "done") == "skipped")
  }

  /// Of all of its steps, by whoever needs the call.
  @Test func whatItsStepsPutOutIsReadByWhoNeedsTheCall() async throws {
    let home = home()
    home.folder.write(
      """
      name: scan
      steps:
        - {id: list, outputs: {files: lines, count: int}, run: "printf 'a b\\nc\\n' > $FLOW_OUTPUTS/files; echo 2 > $FLOW_OUTPUTS/count"}
        - {id: sum, needs: list, outputs: [hash], run: "echo '$x ${y}' > $FLOW_OUTPUTS/hash"}
      """, to: "parts/scan.yaml")
    home.folder.write(
      """
      name: outer
      steps:
        - {id: scan, call: parts/scan.yaml}
        - id: told
          needs: scan
          when: steps["scan/list"].count > 1
          env: {HASH: '${steps["scan/sum"].hash}'}
          run: ["sh", "-c", 'printf "%s|" "$HASH" "$@"; cat "$FLOW_INPUTS/scan/list/files" "$FLOW_INPUTS/scan/sum/hash"', sh, '${steps["scan/list"].files}']
        - {id: not, needs: scan, when: 'steps["scan/list"].count > 2', run: "false"}
        - {id: each, needs: scan, forEach: {over: 'steps["scan/list"].files'}, run: ["echo", "${item}"]}
      """, to: "outer.yaml")
    let run = try await home.flow(
      "run", "outer.yaml", "--run-id", "r", "--quiet", in: home.folder.path)
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(try await home.logs("told", of: "r") == "$x ${y}|a b|c|a b\nc\n$x ${y}")
    #expect(try await home.status("r").state(of: "not") == "skipped")
    #expect(try await home.logs("each/a b", of: "r") == "a b\n")
    #expect(try await home.flow("replay", "r", "--verify").ending == .exit(0))
    let without = try await home.flow(
      "run", "outer.yaml", "--skip", "scan", in: home.folder.path)
    #expect(without.ending == .exit(2) && without.errors.contains("scan/"), "\(without.errors)")
  }

  @Test func oneCancelStopsAllAndARestartGoesOn() async throws {
    let home = home()
    home.folder.write(
      """
      name: deploy
      steps: [{id: wait, run: "touch ../begun; until test -e ../go; do sleep 0.1; done; echo went"}]
      """, to: "parts/deploy.yaml")
    home.folder.write(
      "name: r\nsteps: [{id: d, call: parts/deploy.yaml}, {id: e, needs: d, run: echo end}]",
      to: "release.yaml")
    let run = try home.start(
      ["run", "release.yaml", "--run-id", "r", "--quiet"], in: home.folder.path)
    #expect(try await eventually { home.folder.has("begun") })
    // The called file is part of the run: it is not read again.
    home.folder.write("name: other\nsteps: [{id: x, run: echo x}]", to: "parts/deploy.yaml")
    run.signal(SIGKILL)
    _ = try await run.end()
    home.folder.write("", to: "go")
    #expect(try await home.flow("restart", "r", "--quiet").ending == .exit(0))
    #expect(try await home.logs("d/wait", of: "r") == "went\n")
  }

  @Test func aCircleAndAMissingFileAreUsageErrors() async throws {
    let home = home()
    home.folder.write("name: d\nsteps: [{id: s, call: ../release.yaml}]", to: "parts/deploy.yaml")
    let run = try await home.flow("validate", "release.yaml", in: home.folder.path)
    #expect(run.ending == .exit(2))
    #expect(
      run.errors.contains(
        "parts/deploy.yaml:2:23: steps[0].call: these files call each other without end:"))
    TestFile.removeTree("\(home.folder.path)/parts")
    let missing = try await home.flow("validate", "release.yaml", in: home.folder.path)
    #expect(
      missing.errors.contains("\"parts/deploy.yaml\" cannot be read: no such file or directory"))
  }

  @Test func aDefinitionFromStandardInputCallsFromTheFolderOfItsCaller() async throws {
    let home = home()
    let run = try await home.start(
      ["run", "-", "--run-id", "r", "--quiet", "--detach"],
      by: ["/bin/sh", "-c", "\"$@\" < release.yaml", "sh"], in: home.folder.path
    ).end()
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(try await home.flow("wait", "r").ending == .exit(0))
    #expect(try await home.logs("deploy/check", of: "r") == "to a; touch pwned")
  }
}
