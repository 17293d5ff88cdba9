-- That the payer disputes a payment (rule 14), as JSON: how it stands, how much, why, since when.
ALTER TABLE payments ADD COLUMN dispute TEXT COLLATE "C";
