import FlowCommands
import FlowSystem
import Glibc

exit(FlowMain.run(ProcessFacts.arguments))
