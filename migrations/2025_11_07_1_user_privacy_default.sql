-- Users who never chose are asked nothing: sharing workflows for improvement is on unless switched off.
-- Nothing that is there is overwritten, not even null or a value of another form: only what is absent is filled.
UPDATE users
SET settings = jsonb_set(
    settings,
    '{privacy}',
    coalesce(settings -> 'privacy', '{}') || '{"share_workflows_for_improvement": true}'
)
WHERE jsonb_typeof(settings) = 'object'
  AND jsonb_typeof(coalesce(settings -> 'privacy', '{}')) = 'object'
  AND NOT coalesce(settings -> 'privacy', '{}') ? 'share_workflows_for_improvement';

-- Nothing to undo: the schema does not change, and a choice that a user made cannot be told from the default.
