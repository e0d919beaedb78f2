import CTorture
import FlowtortureCommands
import Glibc

// A step of a workflow under torture is this program once more: it is wherever the torture is.
if let mode = CommandLine.arguments.dropFirst().first, ["step", "probe", "child"].contains(mode) {
  exit(unsafe torture_step(CommandLine.argc, CommandLine.unsafeArgv))
}
exit(FlowtortureMain.run(Array(CommandLine.arguments.dropFirst())))
