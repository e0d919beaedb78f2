import FlowCore
import Testing

@testable import FlowSimulation

struct WorkflowShapeTests {
  /// Unlabelled graphs without cycles (OEIS A003087).
  @Test(arguments: zip(1...5, [1, 2, 6, 31, 302]))
  func thereIsOneOfEachShape(steps: Int, count: Int) {
    let shapes = WorkflowShape.all(steps: steps)
    #expect(shapes.count == count)
    for shape in shapes {
      #expect(shape.needs.count == steps)
      for (step, needs) in shape.needs.enumerated() {
        #expect(needs.allSatisfy { (0..<step).contains($0) })
        #expect(needs == needs.sorted())
      }
    }
  }

  @Test(arguments: [
    ([[]], 1), ([[], [0]], 1), ([[], []], 2), ([[], [0], [0], [1, 2]], 2), ([[], [], [], []], 4),
    ([[], [0], [1], []], 2),
  ])
  func asManySlotsAsStepsThatCanRunAtOnce(needs: [[Int]], width: Int) {
    #expect(WorkflowShape(needs: needs).width == width)
  }

  @Test func aShapeIsNamedByItsNeeds() {
    #expect(WorkflowShape(needs: [[], [0], [0, 1]]).description == "s0 s1(s0) s2(s0,s1)")
    let subject = Exploration.Subject(shape: WorkflowShape(needs: [[], []]), jobs: 2)
    #expect("\(subject)" == "s0 s1 on 2 slots")
  }

  @Test func subjectsHaveEachNumberOfSlotsThatMatters() {
    #expect([1, 2, 3, 4].map { Exploration.Subject.all(steps: $0).count } == [1, 3, 11, 61])
  }

  /// An explored world is drawn as all others are, and the draw checks itself.
  @Test(arguments: 1...5)
  func everyShapeCanBeDrawn(steps: Int) {
    var options = SimulationOptions.quiet
    options.steps = steps
    let subjects = Exploration.Subject.all(steps: steps)
    for index in [0, subjects.count / 2, subjects.count - 1] {
      let subject = subjects[index]
      let choices = DrawnWorkflow(subject, options).choices
      #expect(choices.count(where: { $0 > 0 }) <= subject.shape.needs.joined().count + 1)
    }
  }
}
