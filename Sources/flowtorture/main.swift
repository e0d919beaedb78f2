import CTorture
import FlowtortureCommands
import Glibc

// This program is also the step program of its workflows, so that they need no other file.
if let mode = CommandLine.arguments.dropFirst().first, ["step", "probe", "child"].contains(mode) {
  exit(unsafe torture_step(CommandLine.argc, CommandLine.unsafeArgv))
}
exit(FlowtortureMain.run(Array(CommandLine.arguments.dropFirst())))
