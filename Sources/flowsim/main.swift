import FlowsimCommands
import Glibc

exit(FlowsimMain.run(Array(CommandLine.arguments.dropFirst())))
