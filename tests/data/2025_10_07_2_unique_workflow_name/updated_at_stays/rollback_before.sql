-- The trigger is at work again.
UPDATE workflows SET description = 'edited' WHERE name = 'Other';
