// Simulate requests offline: a list of simulations on standard input, a list of results on
// standard output, in the same order. The simulator is licensed under the AGPL and is used for
// development only.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const answers = []
for (const simulation of JSON.parse(readFileSync(0, 'utf-8'))) {
  const outcome = await runSimulation(simulation, {})
  const results = outcome.results ?? (outcome.result ? [outcome.result] : [])
  answers.push({
    result: outcome.overallResult ?? null,
    ignored: results.flatMap((each) => each.ignoredContextKeys ?? []),
    errors: outcome.errors ?? null,
  })
}
process.stdout.write(JSON.stringify(answers))
