import FlowCommands
import Glibc

exit(FlowMain.run(Array(CommandLine.arguments.dropFirst())))
