// The keys of a definition file, in the order in which messages and the documentation name them.
// Tags are never reused: the tag of a removed key stays listed in a comment beside the others.

extension WorkflowDefinition {
  /// Tags 1 to 3 are the name, the settings of all steps and the steps; 16 to 18 the parameters, whether
  /// texts are templates, and the secrets, 21 and 22 how many steps belong to
  /// `finally` and to `notify` (`TaggedDefinitionCodec`).
  package static let keys: [DefinitionKey<Self>] = [
    .structure(
      "name", 1, expected: "a name of 1 to 200 characters, none of them a control character",
      "required; run ids begin with it (characters not allowed in file names become hyphens)"),
    .text(
      "description", 8, { $1(&$0.description) }, expected: "a description in words",
      "what the workflow is for; shown by `validate`, `why` and `report`"),
    .wholeNumber(
      "jobs", 4, { $1(&$0.jobs) }, 1...4_096,
      "how many attempts may run at once; default: the processors available"),
    .environment("env", 5, { $1(&$0.environment) }, "added to the environment of every step"),
    .word(
      "environment", 13, { $1(&$0.inheritance) }, exportName: "callerEnvironment",
      "what a run saves of the caller's environment: everything (`inherit`), or only `PATH`, `HOME`,"
        + " `USER`, `LOGNAME`, `SHELL`, `LANG`, `LC_*`, `TZ`, `TMPDIR` and what `passEnv` lists"
        + " (`clean`) (inherit)"),
    .variableNames(
      "passEnv", 14, { $1(&$0.passedVariables) },
      "names of variables of the caller that a clean `environment` has besides; one may stand"
        + " without brackets"),
    .variableFiles(
      "envFiles", 15, { $1(&$0.variableFiles) },
      "files of variables (`NAME=value` lines, as in systemd's `EnvironmentFile`), read when the run"
        + " is created and saved with it, over the caller's and below `env`; relative to the folder"
        + " of the file, later ones win; one may stand without brackets"),
    .limit(
      "timeout", 6, { $1(&$0.timeoutMilliseconds) },
      "for the entire run: running steps are stopped and the run fails; default: none"),
    .flag(
      "failFast", 7, { $1(&$0.failFast) },
      "whether a step that fails, and is not tried again, stops the others (false)"),
    .group(
      "exclusive", 9, { $1(&$0.exclusive) }, expected: "true, or the name of a group",
      "one run at a time: of this workflow (`true`), or of all that name the same group (false)"),
    .word(
      "onConflict", 10, { $1(&$0.onConflict) },
      "what to do if another run of the group exists: not start, with an error (`fail`) or without"
        + " (`skip`), wait (`queue`), `resume` the other if it is interrupted, or cancel it"
        + " (`replace`) (fail)"),
    .structure(
      "params", 16, expected: #"an object such as {"since": {"type": "date", "required": true}}"#,
      "what a run is told with `-p NAME=VALUE`: by name an object of `type` (`string`, `int`, `number`,"
        + " `bool`, `date`, `duration`, `list`), `default` or `required`, and `enum`, `pattern`, `min`,"
        + " `max`, `help`; `${params.NAME}` stands for it in `env`, `cwd` and the elements of a `run`"
        + " array"),
    .structure(
      "secrets", 18, expected: #"an object such as {"DB_PASSWORD": {"file": "/run/secrets/db"}}"#,
      "values that no file of a run may hold, each from a `file` (read at each launch, relative to the"
        + " folder of the file, one line feed at its end dropped) or a variable of the caller (`env`);"
        + " at least 8 bytes; masked in the output of the steps that get them"),
    .structure(
      "defaults", expected: #"an object such as {"timeout": "10m"}"#,
      "values for steps that do not give their own; `env` and `retry` are merged key by key"),
    .structure("steps", 3, expected: "an array of steps", "required: at least one step"),
    .structure(
      "finally", 21, expected: "an array of steps",
      "steps that run once in each round of the run, when all others have ended, for whatever reason:"
        + " success, failure, `failFast`, the `timeout` of the run, a cancel; they have a `timeout` of 5m"
        + " unless they or `defaults` give another"),
    .structure(
      "notify", 22,
      expected: #"an array of objects such as {"on": ["failed"], "run": "./tell.sh"}"#,
      "what tells of the end of the run, as steps `notify/1`, `notify/2` and so on: after all others, when"
        + " the outcome stands, which they do not change; `on` is an array of ends, some of `succeeded`,"
        + " `failed`, `cancelled` and `recovered`; instead of `on`, `slow` is the time after which they tell of a"
        + " run that is not over; besides a `run` they have the keys of the table below without `onLost`,"
        + " `probe` and `allowFailure`, and a `timeout` of 1m unless they or `defaults` give another"
    ),
  ]

  package static let valuedKeys = DefinitionKey.valued(keys)

  /// The blank value that a key's value is compared with.
  static let blank = WorkflowDefinition(name: "", steps: [], settings: [])
}

extension StepDefinition {
  /// Keys of a single step, without defaults. Tags 1 to 5 are the id, a shell line, a program, the
  /// needs and the index of the settings, 21 is what is wanted of needs,
  /// 22 the condition, 26 whether it is the `onFailure` of the step before, and 27 what the step asks
  /// (`TaggedDefinitionCodec`).
  package static let keys: [DefinitionKey<StepExtras>] = [
    .structure(
      "id", 1,
      expected:
        "a step id: 1 to 64 letters, digits, \".\", \"_\" or \"-\", the first a letter or digit",
      "required and unique: 1 to 64 letters, digits, `.`, `_`, `-`; begins with a letter or digit"),
    .structure(
      "run", 2, expected: "a line for the shell, or an array of a program and its arguments",
      "required: a string for the `shell`, or an array: a program and its arguments, run without"
        + " a shell (no `$VARIABLE` is expanded); a string that begins with `#!` is a script of its"
        + " interpreter, whatever the `shell`, and may be long"),
    .structure(
      "call", expected: "the path of a definition file",
      "instead of `run`: another definition file, relative to the folder of this one, whose steps stand"
        + " in its place as `ID/step`; it needs and is needed like one step"),
    .structure(
      "with", expected: #"an object such as {"since": "${params.since}"}"#,
      "values for the parameters of the file that is called"),
    .structure(
      "ask", 27,
      expected: #"an object such as {"text": "Release ${params.version}?", "timeout": "24h"}"#,
      "instead of `run`: asks a person, who answers with `flow answer`: `text`, a `timeout` after which"
        + " `otherwise` counts (`approve`, `reject` or `fail`; fail), and `fields`, which the answer gives and"
        + " which are the step's outputs, by name a type; see [ask](#ask)"),
    .structure(
      "needs", 4, expected: #"an array of step ids such as ["build", "test"]"#,
      "the steps that must be done first, each an id or `{step: ID, when: END}`; one may stand without"
        + " brackets. END is `done` (the default: it succeeded, or failed or was skipped and may), "
        + "`succeeded`, `failed` (for good) or `settled` (any end); a step whose need has ended"
        + " otherwise is skipped"),
    .structure(
      "when", 22,
      expected: #"a condition such as "params.full and steps.test.result == 'failed'""#,
      "a condition, evaluated once when the needs have ended: the step is skipped if it is false;"
        + " over `params.NAME`, outputs (`steps.ID.NAME`), `steps.ID.result` of a need (`succeeded`,"
        + " `failed`, `skipped`, `cancelled`), texts in quotes, numbers, `true`, `false` and lists in brackets, with `==`,"
        + " `!=`, `<`, `<=`, `>`, `>=`, `in`, `not`, `and`, `or`, `??`, `size(LIST)` and parentheses"
    ),
    .text(
      "description", 6, { $1(&$0.description) }, expected: "a description in words",
      "what the step does; shown by `validate`, `why` and `report`"),
    .outputs(
      "outputs", 23, { $1(&$0.outputs) },
      "what the command writes into the folder `$FLOW_OUTPUTS`: by the name of the file a type, or a"
        + " list of names (`string`); see [outputs](#outputs)"),
    .paths(
      "files", 31, { $1(&$0.files) },
      "the files that the step makes, relative to its `cwd`: `out/a.csv`, or `site/` for a whole folder;"
        + " the command writes them into `$FLOW_STAGE`, and when it has succeeded each is put in its place"
        + " as a whole; see [files](#files)"),
    .word(
      "publish", 32, { $1(&$0.publish) },
      "`stage`, or `inPlace` for a command that can write its `files` only into their places: then a"
        + " reader, or a crash, can find half of one (stage)"),
    .paths(
      "inputs", 33, { $1(&$0.inputs) },
      "the files that the step reads, relative to its `cwd`: `data/a.csv`, `src/` for a whole folder, or a"
        + " pattern such as `src/**/*.c`; one that is missing fails the step before its command runs"
    ),
    .flag(
      "cache", 34, { $1(&$0.caches) },
      "whether the result of an earlier success is used again instead of running the command, where the"
        + " command, its variables, `inputs` and all else that the step declares are the same; see"
        + " [cache](#cache) (false)"),
    .structure(
      "onFailure", 26, expected: #"an object such as {"run": "./undo.sh"}"#,
      "what runs, as a step `ID/onFailure`, when this one has failed for good, or was cancelled after it"
        + " had begun: once in each round, before anything that needs the step, and before `finally`;"
        + " it has a `run` and the keys of the table below, and a `timeout` of 5m unless it or `defaults` gives another"
    ),
    .structure(
      "forEach", 30, expected: #"an object such as {"over": "steps.scan.files"}"#,
      "runs the step once for each item of a list, as steps `ID/ITEM`; see [forEach](#foreach)"),
    .structure(
      "steps", expected: "an array of steps",
      "with `forEach`, instead of `run`: a chain of steps that runs for each item, as steps `ID/ITEM/STEP`,"
        + " which need each other; see [forEach](#foreach)"),
  ]

  package static let valuedKeys = DefinitionKey.valued(keys)

  static let blank = StepDefinition(id: "", command: .shell(""))
}

extension StepSettings {
  /// Keys of a step's attempts; `defaults` accepts them too.
  package static let keys: [DefinitionKey<Self>] = [
    .environment(
      "env", 1, { $1(&$0.environment) },
      "added to the environment, over the workflow's; names and values"),
    .text(
      "cwd", 2, { $1(&$0.workingDirectory) }, expected: "the path of a folder",
      exportName: "workingDirectory",
      "the working folder, relative to the folder of the file, which is the default"),
    .limit("timeout", 3, { $1(&$0.timeoutMilliseconds) }, "for each attempt; default: none"),
    .duration(
      "killGrace", 4, { $1(&$0.killGraceMilliseconds) },
      "time between the stop signal and SIGKILL (10s)"),
    .object(
      "retry", example: #"{"maxAttempts": 3}"#, "when a failed attempt is followed by another",
      [
        .wholeNumber(
          "maxAttempts", 5, { $1(&$0.retry.maxAttempts) }, 1...1_000_000,
          "how many attempts may fail (1)"),
        .duration(
          "initialDelay", 6, { $1(&$0.retry.initialDelayMilliseconds) },
          "before the second attempt (1s)"),
        .decimal(
          "multiplier", 7, { $1(&$0.retry.multiplierThousandths) }, 1_000...1_000_000,
          "by which the delay grows with each failure (2)"),
        .duration("maxDelay", 8, { $1(&$0.retry.maxDelayMilliseconds) }, "the longest delay (5m)"),
        .word(
          "jitter", 9, { $1(&$0.retry.jitter) },
          "draws each delay evenly: between zero and its full length (`full`), between half and all of"
            + " it (`equal`), or not (`none`) (equal)"),
        .failureKinds(
          "on", 10, { $1(&$0.retry.on) }, "the kinds of failure that are retried (all)"),
        .exitCodes(
          "exitCodes", 11, { $1(&$0.retry.exitCodes) },
          "of exits, only these are retried (all but 0)"),
      ]),
    .flag(
      "allowFailure", 12, { $1(&$0.allowFailure) },
      "dependents run, and the run can succeed, although this step failed (false)"),
    .word(
      "onLost", 13, { $1(&$0.onLost) },
      "what to do when an attempt's outcome is unknown, because its monitor was killed or the"
        + " machine went down: `rerun`, `fail`, or ask the `probe` (rerun)"),
    .command(
      "probe", 14, { $1(&$0.probe) },
      "a command that tells whether the work was done: exit 0 yes, 1 no"),
    .word(
      "stragglers", 15, { $1(&$0.stragglers) },
      "`kill` or `keep` processes that are left when the command has exited (kill)"),
    .shell(
      "shell", 17, { $1(&$0.shell) },
      "what runs a string: `sh` (`/bin/sh -e -c`), `bash` (`bash -euo pipefail -c`), or an array to"
        + " which the string is added, such as `[\"python3\", \"-c\"]`; a probe runs without `-e`, `-u`"
        + " and `pipefail` (sh)"),
    .word(
      "stopSignal", 18, { $1(&$0.stopSignal) },
      "what a stop sends to each process first: `TERM`, `INT`, `HUP`, `QUIT`, `USR1` or `USR2` (TERM)"
    ),
    .byteSize(
      "maxOutput", 16, { $1(&$0.maxOutputBytes) },
      "disk space for an attempt's output (1GiB); beyond that, the middle is discarded"),
    .secrets(
      "secrets", 19, { $1(&$0.secrets) },
      "names of secrets that the command gets as variables, or an object of names and `file` or"
        + " `variable`: with `file` the variable is the path of a file in memory with the value; one may"
        + " stand without brackets"),
  ]

  /// Recorded, and no key of a file: it follows from the texts.
  private static let scripts = DefinitionKey<StepSettings>.flag(
    "scripts", 20, { $1(&$0.executesScripts) }, "whether a line that begins with `#!` is executed")

  package static let valuedKeys = DefinitionKey.valued(keys + [scripts])
}
